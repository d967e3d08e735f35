import assert from "node:assert/strict";
import { Account, type HandedMessage, RECORD_MS_MAX } from "./account.ts";
import { type Line, LineReader } from "./lines.ts";
import { Order } from "./order.ts";
import type { HandedBatch } from "./simulated_worker.ts";

/** How a life of the service began. */
export interface Start {
  atMs: number;
  /** The wall clock minus simulated time. */
  wallAheadMs: number;
  /** The last record lies weeks ahead or can't be found: the service follows the clock, even back in time. */
  mayGoBack: boolean;
  align: "start" | "epoch";
}

/** The circumstances in which a life of the service was killed. */
export interface Kill {
  atMs: number;
  /** Since when the disk had been failing; undefined if it worked. */
  failingSinceMs: number | undefined;
  /** The longest that one recent disk operation took. */
  operationMsMax: number;
  /** No other trouble has effects any more: every record is due. */
  calm: boolean;
}

/** What the service reported when it stopped. */
export interface Stop {
  askedAtMs: number;
  atMs: number;
  /** A checkpoint is left for the next start, because there was no time for every record. */
  unfinished: boolean;
  count: { received: number; accepted: number; lost: number; records: number };
}

/** A life that has ended. The next one may still write its last records. */
interface Ended {
  account: Account;
  lines: Line[];
  atMs: number;
  kill?: Kill;
}

/** The most disk operations from a hand-over to its checkpoint, with the previous renewal still under way. */
const DISK_OPERATIONS_MAX = 12;
/** Only a stop that took this long may leave records to the next start. */
const STOP_MS_MAX = 1000;

/** Knows all messages that were read, and checks the files against them. Methods throw if they differ. */
export class Oracle {
  readonly #lengths: readonly number[];
  readonly #reader = new LineReader();
  readonly #order: Order;
  /**
   * For each length, in the order of the lengths: the sum of all records, and the sum that they should have.
   */
  readonly #recorded: bigint[];
  #expected: bigint[];
  #account: Account | undefined;
  #ended: Ended | undefined;
  /** A kill came while the disk failed, so half a line may be all that is left of a record. */
  #isTorn = false;
  /** Timestamps may have gone back, so it is unknown from there on how far the timelines are ahead. */
  #mayGoBack = false;

  constructor(lengths: readonly number[]) {
    this.#lengths = lengths;
    this.#order = new Order(lengths);
    this.#recorded = lengths.map(() => 0n);
    this.#expected = [...this.#recorded];
  }

  handedOver(what: HandedBatch, atMs: number): void {
    this.#account!.handedOver(what, atMs);
  }

  /** The service logged that a worker is lost, so it no longer waits for this worker. */
  workerLost(worker: number): void {
    this.#account?.workerLost(worker);
  }

  /** A worker ended. `datagrams` is how many it had read but never handed over. */
  workerEnded(datagrams: number): void {
    if (this.#account) this.#account.datagramsLost += datagrams;
  }

  clockStepped(aheadMs: number, atMs: number): void {
    this.#account?.clockStepped(aheadMs, atMs);
  }

  /** A life serves now, so the records that the one before had left are in the file. */
  began(files: readonly string[], { atMs, wallAheadMs, mayGoBack, align }: Start): void {
    const recovered = this.#read(files);
    if (this.#ended) this.#check(this.#ended, recovered);
    else assert.deepEqual(recovered, [], "a stop leaves nothing to be written");
    this.#ended = undefined;
    if (mayGoBack) {
      this.#order.reset();
      this.#mayGoBack = true;
    }
    const aheadMs = this.#mayGoBack
      ? -Infinity
      : Math.max(wallAheadMs, this.#order.lastTimestamp * 1000 - atMs);
    this.#account = new Account({ atMs, aheadMs, align, lengths: this.#lengths });
  }

  /**
   * The service was killed. If it did not serve yet, it had only begun to write what earlier lives had left.
   */
  killed(files: readonly string[], kill: Kill): void {
    const account = this.#account;
    if (!account) return;
    this.#account = undefined;
    const lines = this.#read(files);
    if (kill.calm) account.checkPunctuality(lines, kill.atMs - RECORD_MS_MAX);
    this.#ended = { account, lines, atMs: kill.atMs, kill };
  }

  /** The service stopped gracefully. */
  stopped(files: readonly string[], { askedAtMs, atMs, unfinished, count }: Stop): void {
    const account = this.#account!;
    this.#account = undefined;
    const lines = this.#read(files);
    const { datagrams: received, datagramsLost: lost, handed } = account;
    const expected = { received, accepted: handed.length, lost, records: count.records };
    assert.deepEqual(count, expected, "the totals at the stop");
    if (unfinished) {
      assert.ok(atMs - askedAtMs >= STOP_MS_MAX, "a stop that has time leaves nothing to the next start");
      this.#ended = { account, lines, atMs };
      return;
    }
    assert.equal(lines.length, count.records, "records written");
    account.checkPunctuality(lines, askedAtMs);
    this.#check({ account, lines, atMs }, []);
  }

  /** The simulation is over: nothing more will be written. */
  checkEnd(files: readonly string[]): void {
    assert.ok(!this.#account && !this.#ended, "the last life stops gracefully");
    if (!this.#isTorn) this.#reader.checkTorn(files);
  }

  #read(files: readonly string[]): Line[] {
    const lines = this.#reader.next(files);
    for (const { lengthSeconds, sum } of lines) this.#recorded[this.#lengths.indexOf(lengthSeconds)]! += sum;
    return lines;
  }

  #check({ account, lines: written, atMs, kill }: Ended, recovered: Line[]): void {
    const lines = [...written, ...recovered];
    this.#order.check(lines, account.jumped);
    account.checkWindows(lines, atMs);
    const total = account.handed.reduce((sum, { a1 }) => sum + a1, 0n);
    const missing = this.#expected.map((sum, i) => sum + total - this.#recorded[i]!);
    if (kill) this.#checkLoss(account.handed, missing, kill);
    else {assert.deepEqual(
        missing,
        missing.map(() => 0n),
        "after a stop the records add up to what was accepted",
      );}
    this.#expected = [...this.#recorded];
  }

  /** A kill may lose the messages that were handed over last, and the same ones for every length. */
  #checkLoss(handed: readonly HandedMessage[], missing: bigint[], kill: Kill): void {
    const { atMs, failingSinceMs = Infinity, operationMsMax } = kill;
    const isFailing = failingSinceMs < Infinity;
    this.#isTorn ||= isFailing;
    const momentMs = DISK_OPERATIONS_MAX * operationMsMax;
    missing.forEach((sum, i) => {
      // While the disk fails, a kill can lose all messages without a record. A record also waits for the
      // master and for the retry.
      const fromMs = isFailing
        ? Math.min(atMs, failingSinceMs) - momentMs - 1000 * this.#lengths[i]! - 3000
        : atMs - momentMs;
      const what = `the kill at ${atMs} took ${sum} of the ${this.#lengths[i]}s records`;
      // The lost messages are the last ones, or those of the last windows; late messages count for `next`.
      const orders = [handed, ...isFailing ? [sortBy(handed, "window"), sortBy(handed, "next")] : []];
      const isExplained = orders.some((order) => isSumOfLast(order, sum, fromMs));
      assert.ok(isExplained, `${what}: no messages since ${fromMs} add up to that`);
      if (!isFailing) assert.equal(sum, missing[0], `${what}, but not of the others`);
    });
  }
}

function sortBy(handed: readonly HandedMessage[], key: "window" | "next"): HandedMessage[] {
  return handed.toSorted((a, b) => a[key] - b[key]);
}

/** Whether messages at the end of the list, all handed over at or after `fromMs`, add up to `sum`. */
function isSumOfLast(handed: readonly HandedMessage[], sum: bigint, fromMs: number): boolean {
  let rest = sum;
  for (let i = handed.length - 1; i >= 0 && rest !== 0n; i--) {
    if (handed[i]!.atMs < fromMs) return false;
    rest -= handed[i]!.a1;
  }
  return rest === 0n;
}
