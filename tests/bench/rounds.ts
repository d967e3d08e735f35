import type { Measurement, Sample } from "./stats.ts";

interface Named {
  readonly name: string;
}

/** A run that gave no figures, and why. */
export interface Failure {
  readonly load: string;
  readonly contender: string;
  readonly run: number;
  readonly reason: string;
}

export interface Rounds<Contender extends Named, Load extends Named> {
  readonly contenders: readonly Contender[];
  readonly loads: readonly Load[];
  readonly runs: number;
  measure(contender: Contender, load: Load): Promise<Measurement>;
  /** Called before each measurement, for a progress line. */
  progress(done: number, of: number, what: string): void;
}

/**
 * Measures every contender under every load, `runs` times. A run goes through all loads, and under each load
 * the contenders take turns. Their order changes with each run, so that neither a slow minute of the machine
 * nor the program that ran before affects the same contender each time. A failure is noted, and the other
 * measurements continue.
 */
export async function runRounds<Contender extends Named, Load extends Named>(
  { contenders, loads, runs, measure, progress }: Rounds<Contender, Load>,
): Promise<{ samples: Sample[]; failures: Failure[] }> {
  const samples: Sample[] = [];
  const failures: Failure[] = [];
  const of = loads.length * runs * contenders.length;
  for (let run = 1; run <= runs; run++) {
    for (const load of loads) {
      for (let turn = 0; turn < contenders.length; turn++) {
        const contender = contenders[(turn + run - 1) % contenders.length]!;
        const who = { load: load.name, contender: contender.name, run };
        progress(samples.length + failures.length, of, `run ${run}, ${load.name}: ${contender.name}`);
        try {
          samples.push({ ...who, figures: await measure(contender, load) });
        } catch (error) {
          failures.push({ ...who, reason: error instanceof Error ? error.message : String(error) });
        }
      }
    }
  }
  const rank = ({ contender }: Sample) => contenders.findIndex(({ name }) => name === contender);
  const loadRank = ({ load }: Sample) => loads.findIndex(({ name }) => name === load);
  samples.sort((a, b) => loadRank(a) - loadRank(b) || rank(a) - rank(b) || a.run - b.run);
  return { samples, failures };
}
