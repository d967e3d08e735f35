import type { Contest } from "../contest.ts";
import type { Contender } from "./contender.ts";
import { BASELINES, CONTENDERS } from "./contenders.ts";
import { type Load, LOADS } from "./loads.ts";
import { COLUMNS, measure } from "./measure.ts";

/** The contest of programs that redirect requests. */
export const BALANCER: Contest<Contender, Load> = {
  part: "balancer",
  contenders: CONTENDERS,
  loads: LOADS,
  baselines: BASELINES,
  columns: COLUMNS,
  measure,
};
