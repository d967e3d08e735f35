import assert from "node:assert/strict";
import { parseFlags } from "../../../src/shared/flags/flags.ts";
import { workerFlags } from "../../../src/shared/flags/worker_flags.ts";

const CASES: readonly (readonly [cores: number, args: string[], workers: number, spareWorkers: number])[] = [
  [4, [], 4, 1],
  [0, [], 1, 1],
  [1000, [], 64, 1],
  [4, ["--workers", "2", "--spare-workers", "0"], 2, 0],
];

for (const [cores, args, workers, spareWorkers] of CASES) {
  Deno.test({
    name: `worker flags: ${cores} cores and "${
      args.join(" ")
    }" make ${workers} workers and ${spareWorkers} spares`,
    permissions: "none",
    fn() {
      const parsed = parseFlags(args, workerFlags("A", cores, "work"), () => undefined, () => undefined);
      assert.deepEqual(parsed, { kind: "run", values: { workers, spareWorkers } });
    },
  });
}

Deno.test({
  name: "worker flags: a number out of range is refused, and names the variable that set it",
  permissions: "none",
  fn() {
    const table = workerFlags("A", 2, "work");
    for (
      const [name, value] of [["A_WORKERS", "0"], ["A_WORKERS", "65"], ["A_SPARE_WORKERS", "65"]] as const
    ) {
      const env = (variable: string) => variable === name ? value : undefined;
      assert.throws(() => parseFlags([], table, env, () => undefined), { message: RegExp(`${name}`) });
    }
  },
});
