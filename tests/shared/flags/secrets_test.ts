import assert from "node:assert/strict";
import { parseConfig } from "../../../src/balancer/config.ts";

Deno.test({
  name: "secrets: a secret may come from a file, and the error names a file that can't be used",
  permissions: "none",
  fn() {
    const files: Record<string, string> = {
      "/run/secrets/url": "postgres://u:p@h/db\n",
      "/run/secrets/none": " \n",
    };
    const read = (path: string): string => {
      if (path === "/denied") throw new Deno.errors.NotCapable("Requires read access");
      const text = files[path];
      if (text === undefined) throw new Deno.errors.NotFound("No such file or directory (os error 2)");
      return text;
    };
    const parse = (env: Record<string, string>) => {
      const request = parseConfig([], (name) => env[name], () => undefined, {
        cores: 2,
        stderrIsTerminal: false,
      }, read);
      assert.ok(request.kind === "run");
      return request.config;
    };
    assert.equal(parse({ DATABASE_URL_FILE: "/run/secrets/url" }).databaseUrl, "postgres://u:p@h/db");
    assert.equal(
      parse({ ADMIN_TOKENS_FILE: "/run/secrets/url", DATABASE_URL: "x" }).adminTokens,
      "postgres://u:p@h/db",
    );
    const refused: [Record<string, string>, RegExp][] = [
      [
        { DATABASE_URL_FILE: "/run/secrets/url", DATABASE_URL: "x" },
        /DATABASE_URL and DATABASE_URL_FILE are both set/,
      ],
      [
        { ADMIN_TOKENS_FILE: "/run/secrets/none" },
        /ADMIN_TOKENS_FILE "\/run\/secrets\/none": the file is empty/,
      ],
      [{ ADMIN_TOKENS_FILE: "/nowhere" }, /ADMIN_TOKENS_FILE "\/nowhere": No such file/],
      [{ DATABASE_URL_FILE: "/denied" }, /--allow-read=\/denied$/],
    ];
    for (const [env, says] of refused) assert.throws(() => parse(env), says);
  },
});
