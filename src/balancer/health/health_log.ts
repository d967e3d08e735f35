import type { Log } from "../../shared/log.ts";

/** The most lines in each period of {@linkcode PERIOD_MS}. Further lines are only counted. */
export const LINES_MAX = 20;
const PERIOD_MS = 10_000;

/** Logs destinations that go down and come up, without flooding the log when thousands do. */
export class HealthLog {
  readonly #log: Log;
  #beganMs = -Infinity;
  #lines = 0;
  #untold = 0;
  /** How many times a destination went down or came up, logged or not. */
  readonly changes = { down: 0, up: 0 };

  constructor(log: Log) {
    this.#log = log;
  }

  down(cluster: string, name: string, reason: string, nowMs: number): void {
    this.changes.down++;
    if (!this.#mayLog(nowMs)) return;
    this.#log.warn(
      "destination_down",
      "a destination is down or drained: the other destinations take its requests",
      {
        cluster,
        name,
        reason,
        ...this.#takeUntold(),
      },
    );
  }

  up(cluster: string, name: string, reason: string, nowMs: number): void {
    this.changes.up++;
    if (!this.#mayLog(nowMs)) return;
    this.#log.info("destination_up", "a destination is up and takes its requests again", {
      cluster,
      name,
      reason,
      ...this.#takeUntold(),
    });
  }

  everythingDown(cluster: string, nowMs: number): void {
    if (!this.#mayLog(nowMs)) return;
    this.#log.error(
      "everything_down",
      "all destinations of the cluster are down: viewers are redirected as if all were up",
      { cluster, ...this.#takeUntold() },
    );
  }

  #mayLog(nowMs: number): boolean {
    if (nowMs - this.#beganMs >= PERIOD_MS) [this.#beganMs, this.#lines] = [nowMs, 0];
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
