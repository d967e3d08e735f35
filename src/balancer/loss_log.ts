import type { Log } from "../shared/log.ts";
import type { Loss } from "./worker_pool.ts";

/**
 * Logs that a worker died, which spare took over, and whether no spare is left.
 *
 * @param spares the number of spare workers left
 */
export function logLoss(log: Log, { worker, reason, replacement, left }: Loss, spares: number): void {
  log.error("worker_lost", "a worker died; the other workers continue", { worker, reason, left });
  if (replacement !== undefined) {
    log.warn("worker_replaced", "a spare worker takes over", { worker, replacement });
  }
  if (spares === 0) {
    log.error(
      "no_spare_left",
      "no spare worker is left, so the next one that dies is not replaced: restart the service when convenient",
    );
  }
}
