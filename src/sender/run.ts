import type { Datagrams, Totals } from "./shapes.ts";

/** Hands datagrams to the kernel, from one or more sockets in turn. */
export interface Transport {
  /**
   * Sends the datagrams of the batch from slot `begin` on, and says how many the kernel took: perhaps not all of
   * them, perhaps none; then the rest is to be sent again.
   *
   * @throws {Error} Sending again would not help.
   */
  send(begin: number): number | Promise<number>;
  /** Datagrams the kernel took of which it later told that nothing listens where they went. */
  readonly refused: number;
  close(): void;
}

/** Monotonic milliseconds, and the two ways to let some pass. */
export interface Clock {
  now(): number;
  /** Stops the thread: precise to a tenth of a millisecond. */
  block(ms: number): void;
  /** Lets timers and signal handlers run, even in 0 ms: it comes back a millisecond late, or more. */
  idle(ms: number): Promise<void>;
}

/** For so long the event loop may starve, and Ctrl-C and the progress line wait: a turn of it takes about 1 % of this. */
const SLICE_MS = 100;
/** Shorter waits block. One this short makes 1,000 batches a second: smooth, and cheap. */
const BLOCK_MS_MAX = 5;
const WAIT_MS_MIN = 1;

export interface RunOptions {
  /** The messages to send. */
  count: number;
  /** Messages per second; `Infinity` is flat out. */
  rate: number;
  perDatagram: number;
  datagrams: Datagrams;
  transport: Transport;
  clock: Clock;
  /** Ends the run early. */
  signal: AbortSignal;
  /** Kept up to date, so that a progress line can read it. */
  totals: Totals;
}

/**
 * Sends the messages, and adds those the kernel took to `totals`.
 *
 * The schedule is absolute: a datagram goes when its last message is due, `messages so far / rate` after the start.
 * So the rate is never exceeded, a late wake-up is made good at the next, and errors do not add up.
 *
 * @returns The milliseconds it took.
 */
export async function run(options: RunOptions): Promise<number> {
  const { count, rate, perDatagram, datagrams, clock, signal, totals } = options;
  const startMs = clock.now();
  let sliceMs = startMs;
  while (totals.messages < count && !signal.aborted) {
    const nowMs = clock.now();
    const left = count - totals.messages;
    const next = Math.min(perDatagram, left);
    const dueMs = startMs + (totals.messages + next) / rate * 1000;
    const waitMs = dueMs > nowMs ? Math.max(dueMs - nowMs, WAIT_MS_MIN) : 0;
    if (waitMs > BLOCK_MS_MAX || nowMs - sliceMs >= SLICE_MS) {
      await clock.idle(Math.min(waitMs, SLICE_MS));
      sliceMs = clock.now();
    } else if (waitMs > 0) {
      clock.block(waitMs);
    } else {
      // The next datagram is due, whatever rounding says of the arithmetic below.
      const due = rate === Infinity ? left : Math.floor((nowMs - startMs) * rate / 1000) - totals.messages;
      datagrams.fill(due >= left ? left : Math.max(next, due - due % perDatagram));
      await sendBatch(options, sliceMs);
    }
  }
  return clock.now() - startMs;
}

/** Sends what was filled in; it leaves off early at the end of the time slice only when the kernel takes nothing. */
async function sendBatch({ datagrams, transport, clock, signal, totals }: RunOptions, sliceMs: number) {
  for (let begin = 0; begin < datagrams.size && !signal.aborted;) {
    const pending = transport.send(begin);
    const taken = typeof pending === "number" ? pending : await pending; // an await of a number costs a microtask
    datagrams.addTo(totals, begin, begin + taken);
    begin += taken;
    if (taken === 0 && clock.now() - sliceMs >= SLICE_MS) {
      await clock.idle(0);
      sliceMs = clock.now();
    }
  }
}
