import type { Bench, Contest } from "../contest.ts";
import { compile } from "../machine.ts";
import { BASELINES, type Contender, CONTENDERS } from "./contenders.ts";
import { checkJudgement } from "./judgement.ts";
import { datagramsFor, type Load, LOADS } from "./loads.ts";
import { COLUMNS, measure } from "./measure.ts";

const prepared = new Map<Contender, Promise<void>>();

async function prepare({ directory, cores }: Bench, { build, judges, program }: Contender): Promise<void> {
  if (build) await compile(build, directory, cores.sender);
  if (judges) await checkJudgement(program(directory), cores.receiver);
}

/** The contest of programs that receive messages. */
export const AGGREGATOR: Contest<Contender, Load> = {
  part: "aggregator",
  contenders: CONTENDERS,
  loads: LOADS,
  baselines: BASELINES,
  columns: COLUMNS,
  async measure(bench, contender, load) {
    const { count, seconds } = bench.options;
    if (!prepared.has(contender)) prepared.set(contender, prepare(bench, contender));
    await prepared.get(contender);
    return await measure(bench, contender, load, count ?? datagramsFor(load, seconds));
  },
};
