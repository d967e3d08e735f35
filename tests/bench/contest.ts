import { UsageError } from "../../src/shared/flags/flags.ts";
import type { CpuClock } from "./cpu_clock.ts";
import { type Cores, hasTool, type Tool } from "./machine.ts";
import type { Options, Part } from "./options.ts";
import { type Failure, runRounds } from "./rounds.ts";
import { type Measurement, type Sample, summarize, type Summary } from "./stats.ts";
import { type Column, renderTable } from "./table.ts";

/** What a measurement needs from the harness. */
export interface Bench {
  readonly options: Options;
  /** A temporary directory, removed when the benchmark ends. */
  readonly directory: string;
  readonly cores: Cores;
  readonly clock: CpuClock;
}

/** A contender, as the harness sees it. */
export interface AnyContender {
  readonly name: string;
  readonly about: string;
  /** The tools that the machine must have to run it. */
  readonly needs?: readonly Tool[];
}

/** A load, as the harness sees it. */
export interface AnyLoad {
  readonly name: string;
  readonly about: string;
  /** Measured by default, when no load is given. */
  readonly usual?: true;
}

/** One table of the benchmark: contenders measured under loads. */
export interface Contest<Contender extends AnyContender, Load extends AnyLoad> {
  readonly part: Part;
  readonly contenders: readonly Contender[];
  readonly loads: readonly Load[];
  /** The first of these names that runs is the baseline. */
  readonly baselines: readonly string[];
  /** Contenders are compared by the figure of the first column. */
  readonly columns: readonly [Column, ...Column[]];
  measure(bench: Bench, contender: Contender, load: Load): Promise<Measurement>;
}

export type AnyContest = Contest<AnyContender, AnyLoad>;

export interface Skipped {
  readonly contenders: readonly string[];
  readonly reason: string;
}

export interface Outcome {
  readonly part: Part;
  readonly baseline: string | null;
  readonly summaries: readonly Summary[];
  readonly samples: readonly Sample[];
  readonly failures: readonly Failure[];
  readonly skipped: readonly Skipped[];
}

/** Returns the elements of `all` with these names, all of them for "all", or `usual` if no name is given. */
export function choose<T extends { name: string }>(
  all: readonly T[],
  names: readonly string[],
  usual: readonly T[],
) {
  if (names.length === 0) return usual;
  return names.includes("all") ? all : all.filter(({ name }) => names.includes(name));
}

const contendersAsked = ({ contenders }: AnyContest, options: Options) =>
  choose(contenders, options.contenders, contenders);

const loadsAsked = ({ loads }: AnyContest, options: Options) =>
  choose(loads, options.loads, loads.filter(({ usual }) => usual));

/** Whether the options ask for any measurement of this contest. */
export function isAskedFor(contest: AnyContest, options: Options): boolean {
  return options.parts.includes(contest.part) && contendersAsked(contest, options).length > 0 &&
    loadsAsked(contest, options).length > 0;
}

/** Separates contenders that can run here from those that lack a tool, with what to install. */
export async function separateByTools<T extends AnyContender>(
  contenders: readonly T[],
  has: (tool: Tool) => Promise<boolean>,
) {
  const skipped: Skipped[] = [];
  let runnable = contenders;
  for (const tool of new Set(contenders.flatMap(({ needs }) => needs ?? []))) {
    const unable = runnable.filter(({ needs }) => needs?.includes(tool));
    if (unable.length === 0 || await has(tool)) continue;
    runnable = runnable.filter((contender) => !unable.includes(contender));
    skipped.push({
      contenders: unable.map(({ name }) => name),
      reason: `${tool.program} is missing; on Debian: apt-get install ${tool.debianPackages}`,
    });
  }
  return { runnable, skipped };
}

/** Runs the part of this contest that the options ask for. */
export async function runContest(
  contest: AnyContest,
  bench: Bench,
  progress: (text: string) => void,
): Promise<Outcome> {
  const { part, columns } = contest;
  const { options, cores } = bench;
  const { runnable, skipped } = await separateByTools(
    contendersAsked(contest, options),
    (tool) => hasTool(tool, cores.sender),
  );
  const { samples, failures } = await runRounds({
    contenders: runnable,
    loads: loadsAsked(contest, options),
    runs: options.runs,
    measure: (contender, load) => contest.measure(bench, contender, load),
    progress: (done, of, what) => progress(`${part}: ${done} of ${of}, ${what}`),
  });
  const wanted = options.baseline === null ? contest.baselines : [options.baseline];
  const baseline = wanted.find((name) => samples.some(({ contender }) => contender === name)) ?? null;
  const [first, ...others] = columns;
  const compared = others.filter(({ compared }) => compared).map(({ figure }) => figure);
  const summaries = summarize(samples, baseline ?? "", [first.figure, ...compared]);
  return { part, baseline, summaries, samples, failures, skipped };
}

/** Returns one line per contender and reason: a contender that fails once often fails every time. */
function renderFailures(failures: readonly Failure[]): string[] {
  const groups = Map.groupBy(failures, ({ contender, reason }) => `failed: ${contender}: ${reason}`);
  return [...groups].map(([what, group]) =>
    `${what} (${group.map(({ load, run }) => `${load}, run ${run}`).join("; ")})`
  );
}

/** The outcome as text: the table, then failures and contenders that were not run. */
export function renderOutcome({ columns }: AnyContest, outcome: Outcome): string {
  const { part, baseline, summaries, failures, skipped } = outcome;
  const comparison = baseline === null ? "no baseline ran" : `ratio to ${baseline} in the same run`;
  return [
    `${part}: median (min–max), ${comparison}`,
    ...(summaries.length > 0 ? [renderTable(summaries, columns)] : ["nothing was measured"]),
    ...renderFailures(failures),
    ...skipped.map(({ contenders, reason }) => `not run: ${contenders.join(", ")}: ${reason}`),
  ].join("\n");
}

/** @throws {UsageError} A name in the options belongs to none of these contests. */
export function checkNames(contests: readonly AnyContest[], options: Options): void {
  const check = (flag: string, asked: readonly string[], known: readonly string[]) => {
    const unknown = asked.find((name) => !known.includes(name));
    if (unknown === undefined) return;
    throw new UsageError(`Cannot use "${unknown}" for --${flag}: give ${[...new Set(known)].join(", ")}`);
  };
  const contenders = contests.flatMap((contest) => contest.contenders.map(({ name }) => name));
  check("contender", options.contenders, contenders);
  check("baseline", options.baseline === null ? [] : [options.baseline], contenders);
  check("load", options.loads, [...contests.flatMap(({ loads }) => loads.map(({ name }) => name)), "all"]);
}

/** The names that `--contender` and `--load` take, for the help. */
export function renderNames({ part, contenders, loads }: AnyContest): string {
  const list = (title: string, named: readonly AnyLoad[]) => {
    const width = Math.max(...named.map(({ name }) => name.length)) + 2;
    const lines = named.map(({ name, about, usual }) =>
      `  ${name.padEnd(width)}${about}${usual ? " *" : ""}`
    );
    return [`${title} of the ${part}:`, ...lines];
  };
  return [...list("Contenders", contenders), ...list("Loads", loads)].join("\n");
}
