import type { Family } from "../shared/metrics/exposition.ts";
import { StoreUnavailable } from "../shared/database/errors.ts";
import { Outage } from "../shared/database/outage.ts";
import type { Clock } from "../shared/clock.ts";
import type { Log } from "../shared/log.ts";
import { EXPIRE_MS, LOOK_MS, LOOK_UNWATCHED_MS, RETRY_MS, ROLL_MS, TOTALS_MS } from "./config.ts";
import { count, type Counts, families, newCounts } from "./counts.ts";
import { type Fleet, PositionMoved, type Shipped } from "./destination.ts";
import { FileTaken, type Follower } from "./follower.ts";
import { isUnaligned } from "./lines.ts";
import { messageOf } from "../shared/error_message.ts";

export interface ShipperParts {
  readonly follower: Pick<Follower, "pass" | "close">;
  readonly fleet: Pick<Fleet, "roll" | "expire">;
  readonly clock: Clock;
  readonly log: Log;
  /** Names of compressed files of records, which can't be read. */
  readonly compressed: () => readonly string[];
}

/**
 * Runs the follower's passes until it is stopped, retries them after failures, has the fleet sum and drop old
 * days in the meantime, and reports to the log and the metrics. It neither reads files nor talks to the
 * database itself.
 */
export class Shipper {
  readonly counts: Counts = newCounts();
  readonly #parts: ShipperParts;
  readonly #outage: Outage;
  #woken = Promise.withResolvers<void>();
  readonly #stopped = Promise.withResolvers<void>();
  #isStopping = false;
  /** Whether the last attempt reached the database; undefined before the first attempt. */
  #isUp: boolean | undefined;
  #lookMs = LOOK_MS;
  #behindBytes = 0;
  #caughtUpMs: number;
  #rolling: Promise<void> | undefined;
  #isRollDue = true;
  readonly #dueMs = { roll: 0, expire: 0, totals: 0, rejected: -Infinity };
  #rejectedUnreported = 0;
  /** Events and names of compressed files that are logged once. */
  #reported = new Set<string>();
  #lastFailure: string | undefined;

  constructor(parts: ShipperParts) {
    this.#parts = parts;
    const nowMs = parts.clock.monotonicMs();
    this.#caughtUpMs = nowMs;
    this.#dueMs.totals = nowMs + TOTALS_MS;
    this.#outage = new Outage(parts.log, {
      down: "the database does not answer: records wait in the file",
      up: "the database answers: records are shipped",
    }, () => parts.clock.monotonicMs());
  }

  /** Whether the database answers. */
  get isReady(): boolean {
    return this.#isUp === true;
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** Starts the next pass at once: the directory may have changed. */
  wake(): void {
    this.#woken.resolve();
  }

  /** Scans the directory more often from now on, because it can't be watched. */
  lookOften(reason: string): void {
    this.#lookMs = LOOK_UNWATCHED_MS;
    this.#parts.log.warn(
      "watch_failed",
      `can't watch the directory: scanning it every ${LOOK_UNWATCHED_MS} ms instead`,
      { reason },
    );
    this.wake();
  }

  /** Makes {@linkcode run} finish the batch under way and return. */
  stop(): void {
    this.#isStopping = true;
    this.#stopped.resolve();
    this.wake();
  }

  metrics(): Family[] {
    const lagMs = this.#behindBytes > 0 ? this.#parts.clock.monotonicMs() - this.#caughtUpMs : 0;
    return families(this.counts, { bytes: this.#behindBytes, seconds: lagMs / 1000 }, this.isReady);
  }

  /** Notes how many bytes of a file are not in the database yet. */
  behind(bytes: number): void {
    this.#behindBytes = bytes;
  }

  /** Counts a committed batch, and logs what is wrong with its records. */
  shipped(shipped: Shipped): void {
    const { log } = this.#parts;
    count(this.counts, shipped);
    this.#isRollDue = true;
    const { batch, conflicts, firstConflict } = shipped;
    if (conflicts > 0) {
      log.error(
        "instance_conflict",
        "records differ from those of another file of this instance, and are kept in sluice.conflicts: " +
          "give each machine an --instance of its own, and follow no file of another machine",
        {
          records: conflicts,
          file_identity: batch.to.identity,
          offset: firstConflict,
        },
      );
    }
    this.#reportRejected(batch.rejected.length, batch.rejected[0]?.offset);
    const unaligned = batch.records.find(isUnaligned);
    if (unaligned) {
      this.#warnOnce(
        "unaligned",
        "this aggregator's windows do not end when the fleet's do: start it with --align epoch",
        {
          offset: unaligned.offset,
          window_end: unaligned.endSeconds,
          window_seconds: unaligned.windowSeconds,
        },
      );
    }
  }

  /**
   * Ships until {@linkcode stop}, then finishes the batch under way and resolves.
   *
   * @throws {FileTaken} Another shipper follows the file at the start.
   */
  async run(): Promise<void> {
    while (!this.#isStopping) {
      this.#woken = Promise.withResolvers(); // Before the pass: a change during it must start the next pass.
      const hasPassed = await this.#pass();
      this.#reportTotals();
      if (hasPassed) this.#maintain();
      if (!this.#isStopping) await this.#pause(hasPassed ? this.#lookMs : RETRY_MS, hasPassed);
    }
    await this.#rolling;
    this.#parts.follower.close();
  }

  async #pass(): Promise<boolean> {
    const { follower, clock, compressed } = this.#parts;
    try {
      await follower.pass();
      this.#succeeded();
      if (!this.#isStopping) {
        this.#behindBytes = 0;
        this.#caughtUpMs = clock.monotonicMs();
      }
      this.#reportCompressed(compressed());
      return true;
    } catch (error) {
      this.#failed(error);
      return false;
    }
  }

  #succeeded(): void {
    this.#lastFailure = undefined;
    if (this.#isUp === true) return;
    this.#isUp = true;
    this.#outage.ended();
  }

  #failed(error: unknown): void {
    const { log } = this.#parts;
    this.counts.retries++;
    if (error instanceof StoreUnavailable) {
      this.#isUp = false;
      return this.#outage.goesOn(error);
    }
    if (error instanceof FileTaken && this.#isUp === undefined) throw error;
    const reason = messageOf(error);
    if (reason === this.#lastFailure) return;
    this.#lastFailure = reason;
    if (error instanceof PositionMoved) {
      log.warn(
        "position_moved",
        "another shipper moved the position of this file, or an answer was lost: reading the position again",
        {
          reason,
        },
      );
    } else log.error("ship_failed", `can't ship: trying again every ${RETRY_MS} ms`, { reason });
  }

  /** Starts summing and dropping in the background, because the sums of many days take seconds. */
  #maintain(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    if (this.#rolling || (!this.#isRollDue && nowMs < this.#dueMs.expire) || nowMs < this.#dueMs.roll) return;
    this.#dueMs.roll = nowMs + ROLL_MS;
    this.#isRollDue = false;
    this.#rolling = this.#rollAndExpire(nowMs).finally(() => this.#rolling = undefined);
  }

  async #rollAndExpire(nowMs: number): Promise<void> {
    const { fleet, log } = this.#parts;
    try {
      while (await fleet.roll() && !this.#isStopping);
      if (nowMs < this.#dueMs.expire) return;
      this.#dueMs.expire = nowMs + EXPIRE_MS;
      const days = await fleet.expire();
      if (days > 0) log.info("expired", "days older than --keep were dropped", { days });
    } catch (error) {
      this.#isRollDue = true;
      // The next pass reports an outage.
      if (!(error instanceof StoreUnavailable)) {
        log.error("maintenance_failed", "can't sum or drop records: trying again later", { error });
      }
    }
  }

  /** Waits, until {@linkcode wake} if `isWakeable`. Only a stop shortens the pause after a failure. */
  async #pause(ms: number, isWakeable: boolean): Promise<void> {
    const over = Promise.withResolvers<void>();
    const cancel = this.#parts.clock.setTimer(over.resolve, ms);
    await Promise.race([over.promise, isWakeable ? this.#woken.promise : this.#stopped.promise]);
    cancel();
  }

  #reportRejected(lines: number, offset: number | undefined): void {
    this.#rejectedUnreported += lines;
    const nowMs = this.#parts.clock.monotonicMs();
    if (lines === 0 || nowMs < this.#dueMs.rejected + TOTALS_MS) return;
    this.#dueMs.rejected = nowMs;
    this.#parts.log.warn("rejected", "lines are not records, and are kept in sluice.rejected_lines", {
      lines: this.#rejectedUnreported,
      offset,
    });
    this.#rejectedUnreported = 0;
  }

  #reportCompressed(names: readonly string[]): void {
    const added = names.filter((name) => !this.#reported.has(name));
    if (added.length === 0) return;
    for (const name of added) this.#reported.add(name);
    this.#parts.log.warn(
      "compressed",
      "compressed files can't be read: what was not shipped before they were compressed is missing",
      {
        files: added.slice(0, 10),
        count: added.length,
      },
    );
  }

  #warnOnce(event: "unaligned", message: string, fields: Record<string, unknown>): void {
    if (this.#reported.has(event)) return;
    this.#reported.add(event);
    this.#parts.log.warn("unaligned", message, fields);
  }

  #reportTotals(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    if (nowMs < this.#dueMs.totals) return;
    this.#dueMs.totals = nowMs + TOTALS_MS;
    this.#parts.log.info("totals", "since the start", { ...this.counts, behind_bytes: this.#behindBytes });
  }
}
