import assert from "node:assert/strict";
import { Account, type Handed, RECORD_MS_MAX } from "./account.ts";
import { type Line, LineReader } from "./lines.ts";
import { Order } from "./order.ts";
import type { HandOver } from "./simulated_worker.ts";

/** How a life of the service began. */
export interface Start {
  atMs: number;
  /** The wall clock less the world's time. */
  wallAheadMs: number;
  /** The last record lies weeks ahead or can't be found: the service goes by the clock, and timestamps may go back. */
  isWild: boolean;
  align: "start" | "epoch";
}

/** What was the matter when a life of the service was killed. */
export interface Kill {
  atMs: number;
  /** Since when the disk had been failing; undefined when it worked. */
  failingSinceMs: number | undefined;
  /** The longest that one operation of the disk took lately. */
  operationMsMax: number;
  /** Nothing else had happened lately: every record is due. */
  calm: boolean;
}

/** What the service told when it stopped. */
export interface Stop {
  askedAtMs: number;
  atMs: number;
  /** A checkpoint is left for the next start: there was no time for every record. */
  unfinished: boolean;
  count: { received: number; accepted: number; lost: number; records: number };
}

/** A life that has ended and whose last records the next one may still write. */
interface Ended {
  account: Account;
  lines: Line[];
  atMs: number;
  kill?: Kill;
}

/** Disk operations from a hand-over to its checkpoint, with the renewal before it still under way. */
const DISK_OPERATIONS_MAX = 12;
/** Only a stop that took so long may leave records to the next start. */
const STOP_MS_MAX = 1000;

/** Knows all that was read, and says whether the files tell the same; every method throws when they don't. */
export class Oracle {
  readonly #lengths: readonly number[];
  readonly #reader = new LineReader();
  readonly #order: Order;
  /** By length, in the order of the lengths: what all records add up to, and what they should. */
  readonly #recorded: bigint[];
  #expected: bigint[];
  #account: Account | undefined;
  #ended: Ended | undefined;
  /** A kill met a failing disk: half a line may be all that there is of it. */
  #isTorn = false;
  /** Timestamps have gone back once: how far the timelines are ahead is not known from there on. */
  #isWild = false;

  constructor(lengths: readonly number[]) {
    this.#lengths = lengths;
    this.#order = new Order(lengths);
    this.#recorded = lengths.map(() => 0n);
    this.#expected = [...this.#recorded];
  }

  handedOver(what: HandOver, atMs: number): void {
    this.#account!.handedOver(what, atMs);
  }

  /** The service says that it does not wait for a worker any more. */
  workerLost(worker: number): void {
    this.#account?.workerLost(worker);
  }

  /** A worker ended, and had read so many datagrams that it never handed over. */
  workerEnded(datagrams: number): void {
    if (this.#account) this.#account.datagramsLost += datagrams;
  }

  clockStepped(aheadMs: number, atMs: number): void {
    this.#account?.clockStepped(aheadMs, atMs);
  }

  /** A life serves: what the one before had left is in the file. */
  began(files: readonly string[], { atMs, wallAheadMs, isWild, align }: Start): void {
    const recovered = this.#read(files);
    if (this.#ended) this.#judge(this.#ended, recovered);
    else assert.deepEqual(recovered, [], "a stop leaves nothing to be written");
    this.#ended = undefined;
    if (isWild) {
      this.#order.reset();
      this.#isWild = true;
    }
    const aheadMs = this.#isWild ? -Infinity : Math.max(wallAheadMs, this.#order.lastTimestamp * 1000 - atMs);
    this.#account = new Account({ atMs, aheadMs, align, lengths: this.#lengths });
  }

  /** The service was killed. One that did not serve yet had only begun to write what others had left. */
  killed(files: readonly string[], kill: Kill): void {
    const account = this.#account;
    if (!account) return;
    this.#account = undefined;
    const lines = this.#read(files);
    if (kill.calm) account.judgePunctuality(lines, kill.atMs - RECORD_MS_MAX);
    this.#ended = { account, lines, atMs: kill.atMs, kill };
  }

  /** The service stopped in good order. */
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
    account.judgePunctuality(lines, askedAtMs);
    this.#judge({ account, lines, atMs }, []);
  }

  /** Nothing more will be written. */
  judgeEnd(files: readonly string[]): void {
    assert.ok(!this.#account && !this.#ended, "the last life stops in good order");
    if (!this.#isTorn) this.#reader.judgeTorn(files);
  }

  #read(files: readonly string[]): Line[] {
    const lines = this.#reader.next(files);
    for (const { lengthSeconds, sum } of lines) this.#recorded[this.#lengths.indexOf(lengthSeconds)]! += sum;
    return lines;
  }

  #judge({ account, lines: written, atMs, kill }: Ended, recovered: Line[]): void {
    const lines = [...written, ...recovered];
    this.#order.judge(lines, account.jumped);
    account.judgeWindows(lines, atMs);
    const total = account.handed.reduce((sum, { a1 }) => sum + a1, 0n);
    const missing = this.#expected.map((sum, i) => sum + total - this.#recorded[i]!);
    if (kill) this.#judgeLoss(account.handed, missing, kill);
    else {assert.deepEqual(
        missing,
        missing.map(() => 0n),
        "after a stop the records add up to what was accepted",
      );}
    this.#expected = [...this.#recorded];
  }

  /** A kill may take what was handed over in its last moment, and the same of every length. */
  #judgeLoss(handed: readonly Handed[], missing: bigint[], kill: Kill): void {
    const { atMs, failingSinceMs = Infinity, operationMsMax } = kill;
    const isFailing = failingSinceMs < Infinity;
    this.#isTorn ||= isFailing;
    const momentMs = DISK_OPERATIONS_MAX * operationMsMax;
    missing.forEach((sum, i) => {
      // A failing disk can cost all that had no record yet: a record waits for the master and the disk's retry, too.
      const fromMs = isFailing
        ? Math.min(atMs, failingSinceMs) - momentMs - 1000 * this.#lengths[i]! - 3000
        : atMs - momentMs;
      const what = `the kill at ${atMs} took ${sum} of the ${this.#lengths[i]}s records`;
      // What it costs then are the last windows, if that was not the last moment: late messages are in the next.
      const orders = [handed, ...isFailing ? [sortBy(handed, "window"), sortBy(handed, "next")] : []];
      const isExplained = orders.some((order) => isSumOfLast(order, sum, fromMs));
      assert.ok(isExplained, `${what}: no messages since ${fromMs} add up to that`);
      if (!isFailing) assert.equal(sum, missing[0], `${what}, but not of the others`);
    });
  }
}

function sortBy(handed: readonly Handed[], key: "window" | "next"): Handed[] {
  return handed.toSorted((a, b) => a[key] - b[key]);
}

/** Whether messages at the end of the list, all handed over at or after `fromMs`, add up to `sum`. */
function isSumOfLast(handed: readonly Handed[], sum: bigint, fromMs: number): boolean {
  let rest = sum;
  for (let i = handed.length - 1; i >= 0 && rest !== 0n; i--) {
    if (handed[i]!.atMs < fromMs) return false;
    rest -= handed[i]!.a1;
  }
  return rest === 0n;
}
