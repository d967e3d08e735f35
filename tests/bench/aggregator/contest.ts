import type { Bench, Contest } from "../contest.ts";
import { compile, TOOLS } from "../machine.ts";
import { BASELINES, type Contender, CONTENDERS, RECEIVE, RECEIVE_SOURCE } from "./contenders.ts";
import { datagramsFor, type Load, LOADS } from "./loads.ts";
import { COLUMNS, measure } from "./measure.ts";

let compiled: Promise<void> | undefined;

const compileOnce = ({ directory, cores }: Bench): Promise<void> =>
  compiled ??= compile(RECEIVE_SOURCE, `${directory}/${RECEIVE}`, cores.sender);

/** The receivers of messages. */
export const AGGREGATOR: Contest<Contender, Load> = {
  part: "aggregator",
  contenders: CONTENDERS,
  loads: LOADS,
  baselines: BASELINES,
  columns: COLUMNS,
  async measure(bench, contender, load) {
    const { count, seconds } = bench.options;
    if (contender.needs?.includes(TOOLS.cc)) await compileOnce(bench);
    return await measure(bench, contender, load, count ?? datagramsFor(load, seconds));
  },
};
