import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Caller } from "./authentication.ts";
import { TOKEN_SCHEME } from "./operations.ts";
import { PROBLEMS } from "./problems.ts";

/** The page runs what this origin serves, and talks to it alone. Swagger UI draws its icons from `data:` URLs. */
export const DOCS_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Balancer: admin API</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/api/v1/docs/swagger-ui.css">
  </head>
  <body>
    <div id="api"></div>
    <script src="/api/v1/docs/swagger-ui.js"></script>
    <script src="/api/v1/docs/start.js"></script>
  </body>
</html>
`;

/** The validator badge would send the description to its maker's server. */
const START = `SwaggerUIBundle({
  url: "/api/v1/openapi.json",
  dom_id: "#api",
  validatorUrl: null,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
});
`;

interface Asset {
  readonly type: string;
  readonly read: () => string | Promise<string>;
}

/**
 * What the page is made of. Imported as text, a file of a package takes no permission to read; imported when it is
 * asked for, it takes no memory before.
 */
const ASSETS: Readonly<Record<string, Asset>> = {
  "/api/v1/docs": { type: "text/html", read: () => PAGE },
  "/api/v1/docs/start.js": { type: "text/javascript", read: () => START },
  "/api/v1/docs/swagger-ui.js": {
    type: "text/javascript",
    read: async () =>
      (await import("swagger-ui-dist/swagger-ui-bundle.js", { with: { type: "text" } })).default,
  },
  "/api/v1/docs/swagger-ui.css": {
    type: "text/css",
    read: async () => (await import("swagger-ui-dist/swagger-ui.css", { with: { type: "text" } })).default,
  },
};

/** The description of the API and the page to read and try it. They hold no data, and need no token. */
export function addDocs(app: OpenAPIHono<Caller>, version: string): void {
  app.openAPIRegistry.registerComponent("securitySchemes", TOKEN_SCHEME, {
    type: "http",
    scheme: "bearer",
    description: "One of the tokens in ADMIN_TOKENS",
  });
  app.get("/api/v1/openapi.json", (c) => c.json(describe(app, version)));
  for (const [path, { type, read }] of Object.entries(ASSETS)) {
    app.get(path, async (c) => {
      c.header("Content-Type", `${type}; charset=utf-8`);
      c.header("Content-Security-Policy", DOCS_POLICY);
      return c.body(await read());
    });
  }
}

/** OpenAPI 3.1, from the schemas that validate. */
function describe(app: OpenAPIHono<Caller>, version: string) {
  const info = {
    title: "Balancer: admin API",
    version,
    description: "The routes by which requests for video are spread over a CDN and the origin servers.",
  };
  return { ...app.getOpenAPI31Document({ openapi: "3.1.0", info }), "x-problems": PROBLEMS };
}
