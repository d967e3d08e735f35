import { fileURLToPath } from "node:url";
import type { Bench } from "./contest.ts";
import { run } from "./processes.ts";

const SCANNER_BENCH = fileURLToPath(new URL("./scanner_bench.ts", import.meta.url));
const MS_MAX = 600_000;

/** Runs the benchmark of the scanner, which measures what a message costs. Returns its output. */
export async function benchScanner({ cores, options }: Bench): Promise<string> {
  const flags = options.json ? ["--json"] : [];
  const args = ["bench", "--quiet", "--no-prompt", "--no-npm", ...flags, SCANNER_BENCH];
  const lines = await run({ path: Deno.execPath(), args }, cores.receiver, MS_MAX);
  return lines.join("\n");
}
