import type { Family } from "../shared/metrics/exposition.ts";
import { StoreUnavailable } from "../shared/database/errors.ts";
import { Outage } from "../shared/database/outage.ts";
import type { ListenerClock } from "../shared/http/listener.ts";
import type { Log } from "../shared/log.ts";
import { EXPIRE_MS, LOOK_MS, LOOK_UNWATCHED_MS, RETRY_MS, ROLL_MS, TOTALS_MS } from "./config.ts";
import { count, type Counts, families, newCounts } from "./counts.ts";
import { type Fleet, PositionMoved, type Shipped } from "./destination.ts";
import { FileTaken, type Follower } from "./follower.ts";
import { isUnaligned } from "./lines.ts";

export interface ShipperParts {
  readonly follower: Pick<Follower, "pass" | "close">;
  readonly fleet: Pick<Fleet, "roll" | "expire">;
  readonly clock: ListenerClock;
  readonly log: Log;
  /** Names of files that hold records and can't be read. */
  readonly compressed: () => readonly string[];
}

/** Ships what comes until it is stopped, and tells the log and the metrics how that goes. */
export class Shipper {
  readonly counts: Counts = newCounts();
  readonly #parts: ShipperParts;
  readonly #outage: Outage;
  #woken = Promise.withResolvers<void>();
  readonly #stopped = Promise.withResolvers<void>();
  #isStopping = false;
  /** Undefined before the first attempt. */
  #isUp: boolean | undefined;
  #lookMs = LOOK_MS;
  #behindBytes = 0;
  #caughtUpMs: number;
  #rolling: Promise<void> | undefined;
  #isRollDue = true;
  readonly #dueMs = { roll: 0, expire: 0, totals: 0, rejected: -Infinity };
  #rejectedUntold = 0;
  #told = new Set<string>();
  #reason: string | undefined;

  constructor(parts: ShipperParts) {
    this.#parts = parts;
    const nowMs = parts.clock.monotonicMs();
    this.#caughtUpMs = nowMs;
    this.#dueMs.totals = nowMs + TOTALS_MS;
    this.#outage = new Outage(parts.log, {
      down: "the file keeps the records until it is back",
      up: "records go to the database",
    }, () => parts.clock.monotonicMs());
  }

  /** The database answers. */
  get isReady(): boolean {
    return this.#isUp === true;
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** Something may be new in the directory. */
  wake(): void {
    this.#woken.resolve();
  }

  /** Nothing is announced: it looks more often instead. */
  lookOften(reason: string): void {
    this.#lookMs = LOOK_UNWATCHED_MS;
    this.#parts.log.warn("watch_failed", `the directory is looked at every ${LOOK_UNWATCHED_MS} ms instead`, {
      reason,
    });
    this.wake();
  }

  stop(): void {
    this.#isStopping = true;
    this.#stopped.resolve();
    this.wake();
  }

  metrics(): Family[] {
    const lagMs = this.#behindBytes > 0 ? this.#parts.clock.monotonicMs() - this.#caughtUpMs : 0;
    return families(this.counts, { bytes: this.#behindBytes, seconds: lagMs / 1000 }, this.isReady);
  }

  /** How much of a file is not in the database, before a batch of it. */
  behind(bytes: number): void {
    this.#behindBytes = bytes;
  }

  /** A batch is in the database. */
  shipped(shipped: Shipped): void {
    const { log } = this.#parts;
    count(this.counts, shipped);
    this.#isRollDue = true;
    const { batch, conflicts, firstConflict } = shipped;
    if (conflicts > 0) {
      log.error(
        "instance_conflict",
        "other records of this instance are there already, from another file: two machines " +
          "have one name, or the file is another machine's; they are kept in sluice.conflicts",
        {
          records: conflicts,
          file_identity: batch.to.identity,
          offset: firstConflict,
        },
      );
    }
    this.#tellRejected(batch.rejected.length, batch.rejected[0]?.offset);
    const unaligned = batch.records.find(isUnaligned);
    if (unaligned) {
      this.#tellOnce(
        "unaligned",
        "windows of this aggregator do not end with those of the fleet: start it with --align epoch",
        {
          offset: unaligned.offset,
          window_end: unaligned.endSeconds,
          window_seconds: unaligned.windowSeconds,
        },
      );
    }
  }

  /**
   * Resolves once it was stopped, and the batch under way is over.
   *
   * @throws {FileTaken} Another shipper follows the file, at the start.
   */
  async run(): Promise<void> {
    while (!this.#isStopping) {
      this.#woken = Promise.withResolvers(); // Before the pass, which may not see what comes during it.
      const isWell = await this.#pass();
      this.#tellTotals();
      if (isWell) this.#maintain();
      if (!this.#isStopping) await this.#pause(isWell ? this.#lookMs : RETRY_MS, isWell);
    }
    await this.#rolling;
    this.#parts.follower.close();
  }

  async #pass(): Promise<boolean> {
    const { follower, clock, compressed } = this.#parts;
    try {
      await follower.pass();
      this.#reached();
      if (!this.#isStopping) {
        this.#behindBytes = 0;
        this.#caughtUpMs = clock.monotonicMs();
      }
      this.#tellCompressed(compressed());
      return true;
    } catch (error) {
      this.#failed(error);
      return false;
    }
  }

  #reached(): void {
    this.#reason = undefined;
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
    const reason = error instanceof Error ? error.message : String(error);
    if (reason === this.#reason) return;
    this.#reason = reason;
    if (error instanceof PositionMoved) {
      log.warn(
        "position_moved",
        "another shipper has shipped from this file, or an answer was lost: reading where it is",
        {
          reason,
        },
      );
    } else log.error("ship_failed", `tried again every ${RETRY_MS} ms`, { reason });
  }

  /** Beside the passes: a sum of many days takes seconds. */
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
      if (days > 0) log.info("expired", "days before those that are kept are dropped", { days });
    } catch (error) {
      this.#isRollDue = true;
      // An outage is told by the next pass.
      if (!(error instanceof StoreUnavailable)) {
        log.error("maintenance_failed", "tried again later", { error });
      }
    }
  }

  /** Ends early when it is woken; while the database is waited for, only by a stop. */
  async #pause(ms: number, isWakeable: boolean): Promise<void> {
    const over = Promise.withResolvers<void>();
    const cancel = this.#parts.clock.setTimer(over.resolve, ms);
    await Promise.race([over.promise, isWakeable ? this.#woken.promise : this.#stopped.promise]);
    cancel();
  }

  #tellRejected(lines: number, offset: number | undefined): void {
    this.#rejectedUntold += lines;
    const nowMs = this.#parts.clock.monotonicMs();
    if (lines === 0 || nowMs < this.#dueMs.rejected + TOTALS_MS) return;
    this.#dueMs.rejected = nowMs;
    this.#parts.log.warn("rejected", "lines that are no records are kept in sluice.rejected_lines", {
      lines: this.#rejectedUntold,
      offset,
    });
    this.#rejectedUntold = 0;
  }

  #tellCompressed(names: readonly string[]): void {
    const unknown = names.filter((name) => !this.#told.has(name));
    if (unknown.length === 0) return;
    for (const name of unknown) this.#told.add(name);
    this.#parts.log.warn(
      "compressed",
      "compressed files can't be read: what they hold and the database lacks is left out",
      {
        files: unknown.slice(0, 10),
        count: unknown.length,
      },
    );
  }

  #tellOnce(event: "unaligned", message: string, fields: Record<string, unknown>): void {
    if (this.#told.has(event)) return;
    this.#told.add(event);
    this.#parts.log.warn("unaligned", message, fields);
  }

  #tellTotals(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    if (nowMs < this.#dueMs.totals) return;
    this.#dueMs.totals = nowMs + TOTALS_MS;
    this.#parts.log.info("totals", "since the start", { ...this.counts, behind_bytes: this.#behindBytes });
  }
}
