import assert from "node:assert/strict";
import { parseConfig, proberFlags } from "../../src/prober/config.ts";
import { UsageError } from "../../src/shared/flags/flags.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";

function parse(args: readonly string[], env: Record<string, string> = { PROBE_TOKEN: TOKEN }) {
  return parseConfig(args, (name) => env[name], () => undefined, true, () => `${TOKEN}\n`);
}

Deno.test({
  name: "prober config: the defaults apply, unless flags or variables override them",
  permissions: "none",
  fn() {
    const defaults = {
      reportTo: ["http://127.0.0.1:8081"],
      probePrivate: false,
      logLevel: "info",
      logFormat: "text",
      token: TOKEN,
    };
    assert.deepEqual(parse([]), { kind: "run", config: defaults });
    const found = parse(["--report-to", "http://a:8081/,https://b/sluice"], {
      PROBE_TOKEN_FILE: "/run/secrets/token",
      PROBE_PRIVATE: "on",
    });
    assert.deepEqual(found, {
      kind: "run",
      config: { ...defaults, reportTo: ["http://a:8081", "https://b/sluice"], probePrivate: true },
    });
    assert.deepEqual(parse(["--version"], {}), { kind: "version" });
    const help = parse(["--help"], {});
    assert.ok(help.kind === "help");
    for (const word of ["--report-to", "--probe-private", "PROBE_TOKEN"]) {
      assert.ok(help.text.includes(word), word);
    }
  },
});

Deno.test({
  name: "prober config: an invalid value is an error of one line, and no token is shown",
  permissions: "none",
  fn() {
    const refused: [args: string[], env: Record<string, string> | undefined, message: RegExp][] = [
      [[], {}, /^PROBE_TOKEN is missing/],
      [[], { PROBE_TOKEN: "a b" }, /^PROBE_TOKEN is missing or not a token/],
      [
        ["--report-to", "127.0.0.1:8081"],
        undefined,
        /^Cannot use "127\.0\.0\.1:8081" for --report-to: give URLs/,
      ],
      [["--report-to", "http://a,"], undefined, /give URLs/],
      [["--report-to", "http://me:secret@a"], undefined, /give URLs/],
      [["--report-to", "ftp://a"], undefined, /give URLs/],
      [["--report-to", Array(17).fill("http://a").join()], undefined, /at most 16/],
      [["--probe-private", "yes"], undefined, /give one of on, off/],
    ];
    for (const [args, env, message] of refused) {
      assert.throws(() => parse(args, env), (error: Error) => {
        assert.ok(error instanceof UsageError);
        assert.match(error.message, message);
        return !error.message.includes(TOKEN) && !error.message.includes("\n");
      });
    }
  },
});

Deno.test({
  name: "prober config: .env.example names each variable once, with its default",
  permissions: { read: [".env.example"] },
  fn() {
    const text = Deno.readTextFileSync(".env.example");
    const found = [...text.matchAll(/^#(PROBE_[A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name, value]);
    const flags = Object.values(proberFlags(false)).map((
      { variable, default: value, flag },
    ) => [variable, flag === "log-format" ? "" : value]);
    assert.deepEqual(found, [...flags, ["PROBE_TOKEN", ""]]);
  },
});
