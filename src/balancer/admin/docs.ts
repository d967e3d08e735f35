import type { OpenAPIHono } from "@hono/zod-openapi";
import { Asset } from "./asset.ts";
import type { Caller } from "./authentication.ts";
import { TOKEN_SCHEME } from "./operations.ts";
import { PROBLEMS } from "./problems.ts";

/** The page runs what this origin serves, and talks to it alone. Swagger UI draws its icons from `data:` URLs. */
export const DOCS_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The addresses in it are relative, so that it also works behind a proxy that puts a prefix before every path. */
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

/** The validator badge would send the description to its maker's server. */
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
 * What the page is made of. Imported as text, a file of a package takes no permission to read; imported when it is
 * asked for, it takes no memory before.
 *
 * The package is one of Fastify's for what it carries, the files of Swagger UI: those that make Swagger UI publish it
 * themselves together with a package that runs a script when it is installed.
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

/** The description of the API and the page to read and try it. They hold no data, and need no token. */
export function addDocs(app: OpenAPIHono<Caller>, version: string): void {
  app.openAPIRegistry.registerComponent("securitySchemes", TOKEN_SCHEME, {
    type: "http",
    scheme: "bearer",
    description: "One of the tokens in ADMIN_TOKENS",
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

/** OpenAPI 3.1, from the schemas that validate. */
function describe(app: OpenAPIHono<Caller>, version: string) {
  const info = {
    title: "Balancer: admin API",
    version,
    description: "The routes by which requests for video are spread over CDNs and the origin servers.",
  };
  // Seen from the description, which may lie behind a prefix.
  const servers = [{ url: "../..", description: "The service that this description comes from" }];
  return { ...app.getOpenAPI31Document({ openapi: "3.1.0", info, servers }), "x-problems": PROBLEMS };
}
