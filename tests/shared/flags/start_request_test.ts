import assert from "node:assert/strict";
import { parseFlags } from "../../../src/shared/flags/flags.ts";
import { startRequest } from "../../../src/shared/flags/start_request.ts";

const TABLE = {
  size: { flag: "size", placeholder: "N", variable: "SIZE", default: "1", help: "how many", parse: Number },
};

const CASES: readonly (readonly [args: string[], request: unknown])[] = [
  [["--help"], { kind: "help", text: "the help" }],
  [["--version"], { kind: "version" }],
  [[], { kind: "run", config: { doubled: 2 } }],
  [["--size", "4"], { kind: "run", config: { doubled: 8 } }],
];

for (const [args, expected] of CASES) {
  Deno.test({
    name: `start request: "${args.join(" ")}" asks for ${JSON.stringify(expected)}`,
    permissions: "none",
    fn() {
      const parsed = parseFlags(args, TABLE, () => undefined, () => undefined);
      const request = startRequest(parsed, () => "the help", ({ size }) => ({ doubled: 2 * size }));
      assert.deepEqual(request, expected);
    },
  });
}
