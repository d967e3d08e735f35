import assert from "node:assert/strict";
import { parseFlags, UsageError } from "../../../src/shared/flags/flags.ts";
import { logFlags } from "../../../src/shared/flags/log_flags.ts";

Deno.test({
  name:
    "log flags: variables have the service's prefix, and the default format is text on a terminal, else JSON",
  permissions: "none",
  fn() {
    const parse = (stderrIsTerminal: boolean, variables: Record<string, string> = {}) => {
      const parsed = parseFlags(
        [],
        logFlags("A", stderrIsTerminal),
        (name) => variables[name],
        () => undefined,
      );
      return parsed.kind === "run" ? parsed.values : assert.fail(parsed.kind);
    };
    assert.deepEqual(parse(true), { logLevel: "info", logFormat: "text" });
    assert.deepEqual(parse(false), { logLevel: "info", logFormat: "json" });
    const given = { A_LOG_LEVEL: "debug", A_LOG_FORMAT: "json", B_LOG_LEVEL: "error" };
    assert.deepEqual(parse(true, given), { logLevel: "debug", logFormat: "json" });
    assert.throws(() => parse(true, { A_LOG_LEVEL: "loud" }), UsageError);
  },
});
