/**
 * `deno task bench`: how much processor time Sluice takes for a datagram or a request, beside other programs that do
 * the same, on this machine. Every contender is a process of its own, pinned to one core; what loads it is pinned to
 * another. All are measured the same way, by the kernel's own account of their processor time.
 *
 * Its only `--allow-run` is taskset, which starts everything else: the permission to run any program, and in one place.
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
  hold,
  isAskedFor,
  renderNames,
  renderOutcome,
} from "./contest.ts";
import { CpuClock } from "./cpu_clock.ts";
import { chooseCores, machine } from "./machine.ts";
import { type Options, parseOptions } from "./options.ts";
import { killAll } from "./processes.ts";
import { benchScanner } from "./scanner.ts";

/** Where tasks run: contenders that change their directory need absolute paths. */
const ROOT = new URL("../../", import.meta.url);

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;

const CONTESTS: readonly AnyContest[] = [AGGREGATOR, BALANCER];

/** Rewrites one line on a terminal; elsewhere it says nothing. */
function progress(text: string): void {
  if (Deno.stderr.isTerminal()) Deno.stderr.writeSync(new TextEncoder().encode(`\r${text}\x1b[K`));
}

const NOTES = `
CPU: of all threads of the process, from just before the load until it is idle again; start-up and warm-up don't count.
To a load: the first figure, by that of the same contender under that load in the same run.
CPU ms in all: since the start of the process. Memory: the most it has had resident (VmHWM).`;

/** @returns Whether every measurement gave figures. */
async function measureAll(bench: Bench): Promise<boolean> {
  const { options, cores } = bench;
  const { parts, loads, contenders, runs, json } = options;
  const say = (text: string) => json || console.log(text);
  const shared = cores.receiver === cores.sender ? " (one core alone: expect losses)" : "";
  const on = await machine(cores.sender);
  say(
    `${on}, Deno ${Deno.version.deno}; contenders on core ${cores.receiver}, load on core ${cores.sender}${shared}`,
  );
  const outcomes = [];
  for (const contest of CONTESTS.filter((contest) => isAskedFor(contest, options))) {
    const outcome = await hold(contest, bench, progress);
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
