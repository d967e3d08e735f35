import type { Log } from "../shared/log.ts";
import type { Loss } from "./worker_pool.ts";

/** Tells of a worker that died, of the spare that took its place, and of the last spare. */
export function logLoss(log: Log, { worker, reason, replacement, left }: Loss, spares: number): void {
  log.error("worker_lost", "a worker died; the others go on", { worker, reason, left });
  if (replacement !== undefined) {
    log.warn("worker_replaced", "a spare answers in its place", { worker, replacement });
  }
  if (spares === 0) {
    log.error(
      "no_spare_left",
      "the next worker that dies is not replaced: restart the service when it suits",
    );
  }
}
