import { emptyTotals, mergeTotals, type Totals } from "./partial.ts";

/** A closed window, as its record shows it. */
export interface ClosedWindow {
  /** The window's end, in whole seconds of Unix time; for a partial window, when it was cut short. */
  timestampSeconds: number;
  lengthSeconds: number;
  /** Sum of A1. */
  sum: bigint;
  /** Maximum of A2; 0 if there were no messages. */
  max: bigint;
  /** Minimum of A3; 0 if there were no messages. */
  min: bigint;
  /** The number of messages. */
  messages: number;
  /** Whether a stop has cut the window short. */
  partial: boolean;
}

export interface WindowsOptions {
  /** Ascending. Each is a multiple of the first, the length of the base window. */
  windowSeconds: readonly number[];
  /** Where windows begin: counted from the second of the start, or from the Unix epoch. */
  align: "start" | "epoch";
  /** How long an ended window waits for a source that has not handed over, in milliseconds. */
  patienceMs: number;
  /** For how many seconds a forward jump of the clock is filled with empty records. */
  jumpRecordsSecondsMax: number;
}

/** The window of one length that is being filled from closed base windows. */
interface Span {
  lengthSeconds: number;
  totals: Totals;
}

/**
 * Merges what the sources (workers) hand over into windows, and closes the windows by watermark: a base
 * window closes when every source has gone on to a later one, or `patienceMs` after its end was noticed.
 * Longer windows are made of closed base windows. Base windows are numbered from 0, the one that contains the
 * start.
 *
 * This class reads no clock. Callers pass the time, in milliseconds of Unix time; it must not go back.
 */
export class Windows {
  readonly #options: WindowsOptions;
  readonly #baseSeconds: number;
  /** The second of the start. */
  readonly #startSeconds: number;
  /** When base window 0 begins: at the start, or with `align: "epoch"` up to one base length before it. */
  readonly #originSeconds: number;
  /**
   * Windows of length L end at this moment plus multiples of L: the second of the start, or 0 for the epoch.
   */
  readonly #gridSeconds: number;
  readonly #spans: Span[];
  /** The totals of base windows that are not closed yet, by number; empty windows have no entry. */
  readonly #pending = new Map<number, Totals>();
  /**
   * For each source the number of the base window that it reads into. It has handed over every earlier one.
   */
  readonly #sources = new Map<number, number>();
  /**
   * When waiting for slow sources ends, oldest first: at `atMs` every window below number `before` closes.
   */
  #deadlines: { before: number; atMs: number }[] = [];
  /** The number of the oldest base window that is not closed. */
  #oldest = 0;
  #open = 0;
  #late = 0;

  constructor(options: WindowsOptions, nowMs: number) {
    const startSeconds = Math.floor(nowMs / 1000);
    this.#options = options;
    this.#startSeconds = startSeconds;
    this.#baseSeconds = options.windowSeconds[0] ?? 0;
    if (options.windowSeconds.some((length) => length % this.#baseSeconds !== 0)) {
      throw new RangeError(
        `Cannot make windows of ${options.windowSeconds} s: each must be a multiple of the first`,
      );
    }
    this.#originSeconds = options.align === "start"
      ? startSeconds
      : startSeconds - startSeconds % this.#baseSeconds;
    this.#gridSeconds = options.align === "start" ? startSeconds : 0;
    this.#spans = options.windowSeconds.map((lengthSeconds) => ({ lengthSeconds, totals: emptyTotals() }));
  }

  /** The number of the open base window. Only `advance` changes it. */
  get open(): number {
    return this.#open;
  }

  /** When the open base window ends, in milliseconds of Unix time. */
  get openEndsMs(): number {
    return this.#endSeconds(this.#open) * 1000;
  }

  /** How many messages came after their window was closed, and were added to the open window instead. */
  get late(): number {
    return this.#late;
  }

  /** Makes windows wait for this source, beginning with the open one. */
  join(source: number): void {
    this.#sources.set(source, this.#open);
  }

  /** Stops windows from waiting for this source. */
  leave(source: number): void {
    this.#sources.delete(source);
  }

  /**
   * Adds what a source has read into base window `window`. From now on it reads into `next` (possibly the
   * same).
   */
  add(source: number, window: number, next: number, totals: Totals): void {
    if (this.#sources.has(source)) this.#sources.set(source, next);
    if (totals.accepted === 0) return;
    const late = window < this.#oldest;
    if (late) this.#late += totals.accepted;
    const into = late ? this.#open : window;
    const held = this.#pending.get(into);
    if (held) mergeTotals(held, totals);
    else this.#pending.set(into, totals);
  }

  /** Advances the time to `nowMs`. Returns every window that can be closed now, in the order of the file. */
  advance(nowMs: number): ClosedWindow[] {
    const open = Math.max(this.#open, Math.floor((nowMs / 1000 - this.#originSeconds) / this.#baseSeconds));
    if (open > this.#open) {
      // Patience begins now, not at the window's end, because sources need their time after a clock jump,
      // too.
      this.#deadlines.push({ before: open, atMs: nowMs + this.#options.patienceMs });
      this.#open = open;
    }
    let before = Math.min(this.#open, ...this.#sources.values());
    while (this.#deadlines[0] && this.#deadlines[0].atMs <= nowMs) {
      before = Math.max(before, this.#deadlines[0].before);
      this.#deadlines.shift();
    }
    return this.#close(before);
  }

  /**
   * Closes everything for a stop: ended windows as usual, and open windows with messages as partial windows.
   */
  stop(nowMs: number): ClosedWindow[] {
    const closed = [...this.advance(nowMs), ...this.#close(this.#open), ...this.peek(nowMs)];
    this.#pending.clear();
    for (const span of this.#spans) span.totals = emptyTotals();
    return closed;
  }

  /** Returns the partial windows that a stop at `nowMs` would write, without changing anything. */
  peek(nowMs: number): ClosedWindow[] {
    // Timestamps must increase. If the last record, of this run or the one before, has this second: take the
    // next.
    const lastSeconds = Math.max(this.#endSeconds(this.#oldest - 1), this.#startSeconds);
    const timestampSeconds = Math.max(Math.floor(nowMs / 1000), lastSeconds + 1);
    const pending = emptyTotals();
    for (const totals of this.#pending.values()) mergeTotals(pending, totals);
    return this.#spans.flatMap(({ lengthSeconds, totals }) => {
      const merged = emptyTotals();
      mergeTotals(merged, totals);
      mergeTotals(merged, pending);
      return merged.accepted > 0 ? [closedWindow(merged, timestampSeconds, lengthSeconds, true)] : [];
    });
  }

  /**
   * Closes the base windows numbered below `before`. After a long jump of the clock, skips most empty ones.
   */
  #close(before: number): ClosedWindow[] {
    const closed: ClosedWindow[] = [];
    const recorded = Math.ceil(this.#options.jumpRecordsSecondsMax / this.#baseSeconds);
    const skipFrom = this.#oldest + recorded + 1;
    for (; this.#oldest < Math.min(before, skipFrom); this.#oldest++) {
      this.#mergeIntoSpans(this.#oldest);
      const endSeconds = this.#endSeconds(this.#oldest);
      for (const span of this.#spans) {
        if (this.#endsAt(span, endSeconds)) closed.push(this.#closeSpan(span, endSeconds));
      }
    }
    if (this.#oldest < before) {
      closed.push(...this.#skip(before));
      this.#oldest = before;
    }
    return closed;
  }

  /** Skips the base windows below number `before`, but closes those with messages that end in that time. */
  #skip(before: number): ClosedWindow[] {
    const fromSeconds = this.#endSeconds(this.#oldest);
    const toSeconds = this.#endSeconds(before - 1);
    const closed: ClosedWindow[] = [];
    for (const window of this.#pending.keys()) {
      if (window < before) this.#mergeIntoSpans(window);
    }
    for (const span of this.#spans) {
      const elapsedSeconds = (fromSeconds - this.#gridSeconds) % span.lengthSeconds;
      const endSeconds = elapsedSeconds === 0
        ? fromSeconds
        : fromSeconds - elapsedSeconds + span.lengthSeconds;
      if (span.totals.accepted > 0 && endSeconds <= toSeconds) {
        closed.push(this.#closeSpan(span, endSeconds));
      }
    }
    return closed.sort((a, b) =>
      a.timestampSeconds - b.timestampSeconds || a.lengthSeconds - b.lengthSeconds
    );
  }

  #mergeIntoSpans(window: number): void {
    const totals = this.#pending.get(window);
    if (!totals) return;
    this.#pending.delete(window);
    for (const span of this.#spans) mergeTotals(span.totals, totals);
  }

  #closeSpan(span: Span, timestampSeconds: number): ClosedWindow {
    const { totals, lengthSeconds } = span;
    span.totals = emptyTotals();
    return closedWindow(totals, timestampSeconds, lengthSeconds, false);
  }

  #endsAt(span: Span, endSeconds: number): boolean {
    return (endSeconds - this.#gridSeconds) % span.lengthSeconds === 0;
  }

  #endSeconds(window: number): number {
    return this.#originSeconds + (window + 1) * this.#baseSeconds;
  }
}

function closedWindow(
  { sum, max, min, accepted: messages }: Totals,
  timestampSeconds: number,
  lengthSeconds: number,
  partial: boolean,
): ClosedWindow {
  return { timestampSeconds, lengthSeconds, sum, max: max ?? 0n, min: min ?? 0n, messages, partial };
}
