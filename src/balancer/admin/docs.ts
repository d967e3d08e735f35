import type { OpenAPIHono } from "@hono/zod-openapi";
import { Asset } from "./asset.ts";
import type { Caller } from "./authentication.ts";
import { TOKEN_SCHEME } from "./operations.ts";
import { PROBLEMS } from "./problems.ts";

/** The page may load and call only its own origin. Swagger UI needs `data:` URLs for its icons. */
export const DOCS_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Makes the page. Its URLs are relative, so that it works behind a proxy that adds a prefix to paths. */
const page = (folder: string): string =>
  `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Balancer: admin API</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="${folder}swagger-ui.css">
  </head>
  <body>
    <div id="api"></div>
    <script src="${folder}swagger-ui.js"></script>
    <script src="${folder}start.js"></script>
  </body>
</html>
`;

/** Without `validatorUrl: null`, a badge on the page would send the description to Swagger UI's authors. */
const START = `SwaggerUIBundle({
  url: new URL("../openapi.json", document.currentScript.src).href,
  dom_id: "#api",
  validatorUrl: null,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
});
`;

const asset = (type: string, make: () => string | Promise<string>): Asset =>
  new Asset(`${type}; charset=utf-8`, make, { "Content-Security-Policy": DOCS_POLICY });

/**
 * The files of the page. The files of a package are imported as text, which needs no permission to read. Each
 * is imported on the first request, so that it takes no memory before.
 *
 * Swagger UI is taken from Fastify's package, because the package of Swagger UI's own authors depends on one
 * that runs a script when it is installed.
 */
const ASSETS: Readonly<Record<string, Asset>> = {
  "/api/v1/docs": asset("text/html", () => page("docs/")),
  "/api/v1/docs/": asset("text/html", () => page("")),
  "/api/v1/docs/start.js": asset("text/javascript", () => START),
  "/api/v1/docs/swagger-ui.js": asset(
    "text/javascript",
    async () =>
      (await import("@fastify/swagger-ui/static/swagger-ui-bundle.js", { with: { type: "text" } })).default,
  ),
  "/api/v1/docs/swagger-ui.css": asset(
    "text/css",
    async () =>
      (await import("@fastify/swagger-ui/static/swagger-ui.css", { with: { type: "text" } })).default,
  ),
};

/** Adds the description of the API and the page to read and try it. Both are open, and contain no data. */
export function addDocs(app: OpenAPIHono<Caller>, version: string): void {
  app.openAPIRegistry.registerComponent("securitySchemes", TOKEN_SCHEME, {
    type: "http",
    scheme: "bearer",
    description: "A token from ADMIN_TOKENS",
  });
  const description = new Asset("application/json", () => JSON.stringify(describe(app, version)));
  for (const [path, asset] of Object.entries({ ...ASSETS, "/api/v1/openapi.json": description })) {
    app.get(
      path,
      (c) =>
        asset.answer(c.req.header("Accept-Encoding"), { "If-None-Match": c.req.header("If-None-Match") }),
    );
  }
}

/** Returns the description in OpenAPI 3.1, made from the schemas that validate requests. */
function describe(app: OpenAPIHono<Caller>, version: string) {
  const info = {
    title: "Balancer: admin API",
    version,
    description:
      "Reads and changes the routes, which spread requests for video over CDNs and origin servers.",
  };
  // Relative to the description, because a proxy may add a prefix.
  const servers = [{ url: "../..", description: "The service that this description comes from" }];
  return { ...app.getOpenAPI31Document({ openapi: "3.1.0", info, servers }), "x-problems": PROBLEMS };
}
