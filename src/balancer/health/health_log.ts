import type { Log } from "../../shared/log.ts";

/** The most lines in a while; those beyond are counted. */
export const LINES_MAX = 20;
const WHILE_MS = 10_000;

/** Tells of destinations that go and come, without filling the log when thousands do. */
export class HealthLog {
  readonly #log: Log;
  #beganMs = -Infinity;
  #lines = 0;
  #untold = 0;
  /** How often a destination went, and how often one came, told or not. */
  readonly changes = { down: 0, up: 0 };

  constructor(log: Log) {
    this.#log = log;
  }

  down(cluster: string, name: string, reason: string, nowMs: number): void {
    this.changes.down++;
    if (!this.#mayTell(nowMs)) return;
    this.#log.warn("destination_down", "its turns go to the others", {
      cluster,
      name,
      reason,
      ...this.#takeUntold(),
    });
  }

  up(cluster: string, name: string, reason: string, nowMs: number): void {
    this.changes.up++;
    if (!this.#mayTell(nowMs)) return;
    this.#log.info("destination_up", "it takes its turns again", {
      cluster,
      name,
      reason,
      ...this.#takeUntold(),
    });
  }

  everythingDown(cluster: string, nowMs: number): void {
    if (!this.#mayTell(nowMs)) return;
    this.#log.error(
      "everything_down",
      "no destination of the cluster is left: viewers are redirected as if all were up",
      { cluster, ...this.#takeUntold() },
    );
  }

  #mayTell(nowMs: number): boolean {
    if (nowMs - this.#beganMs >= WHILE_MS) [this.#beganMs, this.#lines] = [nowMs, 0];
    if (this.#lines++ < LINES_MAX) return true;
    this.#untold++;
    return false;
  }

  #takeUntold(): { untold?: number } {
    const untold = this.#untold;
    this.#untold = 0;
    return untold > 0 ? { untold } : {};
  }
}
