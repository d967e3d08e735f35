/**
 * `deno task bench`: measures on this machine how much processor time Sluice needs for a datagram or a
 * request, and other programs for the same. Every contender is a process of its own, pinned to one core; the
 * program that loads it is pinned to another. All are measured in the same way, by the processor time that
 * the kernel counts.
 *
 * Its `--allow-run` names taskset only, which starts all other programs. So it is in effect permission to run
 * any program, but in one place.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import denoJson from "../../deno.json" with { type: "json" };
import { UsageError } from "../../src/shared/flags/flags.ts";
import { AGGREGATOR } from "./aggregator/contest.ts";
import { BALANCER } from "./balancer/contest.ts";
import {
  type AnyContest,
  type Bench,
  checkNames,
  isAskedFor,
  renderNames,
  renderOutcome,
  runContest,
} from "./contest.ts";
import { CpuClock } from "./cpu_clock.ts";
import { chooseCores, machine } from "./machine.ts";
import { type Options, parseOptions } from "./options.ts";
import { killAll } from "./processes.ts";
import { benchScanner } from "./scanner.ts";

/** The directory in which tasks run. Contenders that change their directory need absolute paths. */
const ROOT = new URL("../../", import.meta.url);

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;

const CONTESTS: readonly AnyContest[] = [AGGREGATOR, BALANCER];

/** Rewrites one line on a terminal; prints nothing when stderr is not a terminal. */
function progress(text: string): void {
  if (Deno.stderr.isTerminal()) Deno.stderr.writeSync(new TextEncoder().encode(`\r${text}\x1b[K`));
}

const NOTES = `
CPU: processor time of all threads, from just before the load until the process is idle; start and warm-up don't count.
"to LOAD": the first figure divided by that of the same contender under LOAD in the same run.
CPU ms in all: processor time since the start of the process. Memory: the most that was resident (VmHWM).`;

/**
 * Measures everything that the options ask for, and prints it.
 *
 * @returns whether every measurement gave figures
 */
async function measureAll(bench: Bench): Promise<boolean> {
  const { options, cores } = bench;
  const { parts, loads, contenders, runs, json } = options;
  const say = (text: string) => json || console.log(text);
  const shared = cores.receiver === cores.sender ? " (one core only: expect losses)" : "";
  const on = await machine(cores.sender);
  say(
    `${on}, Deno ${Deno.version.deno}; contenders on core ${cores.receiver}, load on core ${cores.sender}${shared}`,
  );
  const outcomes = [];
  for (const contest of CONTESTS.filter((contest) => isAskedFor(contest, options))) {
    const outcome = await runContest(contest, bench, progress);
    progress("");
    say(`\n${renderOutcome(contest, outcome)}`);
    outcomes.push(outcome);
  }
  if (outcomes.length > 0) say(NOTES);
  let scanner: string | undefined;
  if (parts.includes("scanner") && loads.length === 0 && contenders.length === 0) {
    progress("scanner");
    scanner = await benchScanner(bench);
    progress("");
    say(`\nscanner: deno bench tests/bench/scanner_bench.ts\n${scanner}`);
  }
  const scanned = scanner === undefined ? {} : { scanner: json && JSON.parse(scanner) };
  if (json) {
    console.log(
      JSON.stringify({ machine: on, deno: Deno.version.deno, cores, runs, contests: outcomes, ...scanned }),
    );
  }
  return outcomes.every(({ failures }) => failures.length === 0);
}

async function bench(options: Options): Promise<number> {
  checkNames(CONTESTS.filter(({ part }) => options.parts.includes(part)), options);
  await Deno.mkdir("data", { recursive: true });
  const directory = fileURLToPath(new URL(await Deno.makeTempDir({ dir: "data", prefix: "bench-" }), ROOT));
  const removeDirectory = () => Deno.removeSync(directory, { recursive: true });
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => {
      killAll();
      removeDirectory();
      Deno.exit(EXIT_INTERRUPTED);
    });
  }
  try {
    using clock = new CpuClock();
    return await measureAll({ options, directory, clock, cores: await chooseCores() }) ? 0 : EXIT_FAILED;
  } finally {
    removeDirectory();
  }
}

try {
  const request = parseOptions(Deno.args, CONTESTS.map(renderNames).join("\n\n"));
  if (request.kind === "help") console.log(request.text);
  if (request.kind === "version") console.log(denoJson.version);
  Deno.exit(request.kind === "run" ? await bench(request.options) : 0);
} catch (error) {
  killAll();
  console.error(`sluice bench: ${error instanceof Error ? error.message : error}`);
  Deno.exit(error instanceof UsageError ? EXIT_USAGE : EXIT_FAILED);
}
