import { emptyTotals, mergeTotals, type Totals } from "./partial.ts";

/** A window that has ended, as it goes into the file. `timestampSeconds` is its end, in whole seconds of Unix time. */
export interface ClosedWindow {
  timestampSeconds: number;
  lengthSeconds: number;
  sum: bigint;
  max: bigint;
  min: bigint;
  /** How many messages there were. */
  messages: number;
  /** Cut short by a stop: the timestamp is that of the stop, not of the window's end. */
  partial: boolean;
}

export interface WindowsOptions {
  /** Ascending; each a multiple of the first, the base window. */
  lengthsSeconds: readonly number[];
  /** Where the grid of windows begins: the second of the start, or the Unix epoch. */
  align: "start" | "epoch";
  /** How long an ended window waits for a source that has not handed it over, in milliseconds. */
  patienceMs: number;
  /** What a jump of the clock may add in empty records, in seconds of them. */
  jumpRecordsSecondsMax: number;
}

interface Span {
  lengthSeconds: number;
  totals: Totals;
}

/**
 * Adds up what the sources (workers) hand over into windows, and closes them by watermark: a base window is closed
 * once every source has gone on to a later one, or `patienceMs` after its end was seen. Base windows are numbered
 * from 0, the one that holds the start. There is no clock here: every moment is passed in, in milliseconds of Unix
 * time, and must not go back.
 */
export class Windows {
  readonly #options: WindowsOptions;
  readonly #baseSeconds: number;
  readonly #startSeconds: number;
  readonly #originSeconds: number;
  readonly #phaseSeconds: number;
  readonly #spans: Span[];
  /** What the base windows not yet closed hold, by number; one that holds nothing is absent. */
  readonly #pending = new Map<number, Totals>();
  /** By source: the number of the window it reads into; it is done with every one before. */
  readonly #sources = new Map<number, number>();
  /** The ended windows that wait for a source, oldest first: all before `before` are closed at `atMs`. */
  #deadlines: { before: number; atMs: number }[] = [];
  #oldest = 0;
  #open = 0;
  #late = 0;

  constructor(options: WindowsOptions, nowMs: number) {
    const startSeconds = Math.floor(nowMs / 1000);
    this.#options = options;
    this.#startSeconds = startSeconds;
    this.#baseSeconds = options.lengthsSeconds[0] ?? 0;
    if (options.lengthsSeconds.some((length) => length % this.#baseSeconds !== 0)) {
      throw new RangeError(
        `Cannot window by ${options.lengthsSeconds}: each must be a multiple of the first`,
      );
    }
    this.#originSeconds = options.align === "start"
      ? startSeconds
      : startSeconds - startSeconds % this.#baseSeconds;
    this.#phaseSeconds = options.align === "start" ? startSeconds : 0;
    this.#spans = options.lengthsSeconds.map((lengthSeconds) => ({ lengthSeconds, totals: emptyTotals() }));
  }

  /** The number of the base window that is open; it changes in `advance` only. */
  get open(): number {
    return this.#open;
  }

  /** When the open base window ends, in milliseconds of Unix time. */
  get openEndsMs(): number {
    return this.#endSeconds(this.#open) * 1000;
  }

  /** How many messages came after their window was closed, and so were added to the open one. */
  get late(): number {
    return this.#late;
  }

  /** From now on windows wait for this source. */
  join(source: number): void {
    this.#sources.set(source, this.#open);
  }

  /** From now on windows do not wait for this source. */
  leave(source: number): void {
    this.#sources.delete(source);
  }

  /** Takes what a source read into base window `window`, before it went on to (or stayed in) window `next`. */
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

  /** Moves on to `nowMs`; returns every window that can be closed by then, in the order of the file. */
  advance(nowMs: number): ClosedWindow[] {
    const open = Math.max(this.#open, Math.floor((nowMs / 1000 - this.#originSeconds) / this.#baseSeconds));
    if (open > this.#open) {
      // Counted from here, not from the window's end: after a jump of the clock the sources get their time, too.
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

  /** Closes all there is: ended windows as they are, open ones that hold a message as partial records. */
  stop(nowMs: number): ClosedWindow[] {
    const closed = [...this.advance(nowMs), ...this.#close(this.#open), ...this.peek(nowMs)];
    this.#pending.clear();
    for (const span of this.#spans) span.totals = emptyTotals();
    return closed;
  }

  /** What has no record yet, as the partial records that a stop at `nowMs` would write; changes nothing. */
  peek(nowMs: number): ClosedWindow[] {
    // The second of the stop, unless the last record, of this start or before it, has that timestamp: they increase.
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

  /** Closes the base windows before number `before`; leaves out the empty records a long jump would add. */
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

  /** Passes over the empty base windows up to `before`; longer windows that hold messages end in between. */
  #skip(before: number): ClosedWindow[] {
    const fromSeconds = this.#endSeconds(this.#oldest);
    const toSeconds = this.#endSeconds(before - 1);
    const closed: ClosedWindow[] = [];
    for (const window of this.#pending.keys()) {
      if (window < before) this.#mergeIntoSpans(window);
    }
    for (const span of this.#spans) {
      const pastSeconds = (fromSeconds - this.#phaseSeconds) % span.lengthSeconds;
      const endSeconds = pastSeconds === 0 ? fromSeconds : fromSeconds - pastSeconds + span.lengthSeconds;
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
    return (endSeconds - this.#phaseSeconds) % span.lengthSeconds === 0;
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
