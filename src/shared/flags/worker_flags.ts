import { type FlagSpec, integer } from "./flags.ts";

/** Each worker is a thread with a V8 isolate of some 10 MB. A higher number is most likely a typing error. */
export const WORKERS_MAX = 64;

/**
 * Returns the flags of a service's worker threads.
 *
 * @param prefix begins the variables: `SLUICE` gives `SLUICE_WORKERS`
 * @param cores the default number of workers
 * @param task what the workers do, as in "threads that answer viewers"
 */
export function workerFlags(
  prefix: string,
  cores: number,
  task: string,
): { workers: FlagSpec<number>; spareWorkers: FlagSpec<number> } {
  return {
    workers: {
      flag: "workers",
      placeholder: "N",
      variable: `${prefix}_WORKERS`,
      default: String(Math.min(Math.max(cores, 1), WORKERS_MAX)),
      defaultShown: "one per core",
      help: `threads that ${task}, 1 to ${WORKERS_MAX}`,
      parse: integer(1, WORKERS_MAX),
    },
    spareWorkers: {
      flag: "spare-workers",
      placeholder: "N",
      variable: `${prefix}_SPARE_WORKERS`,
      default: "1",
      help: `idle workers, each to replace one that dies, 0 to ${WORKERS_MAX}`,
      parse: integer(0, WORKERS_MAX),
    },
  };
}
