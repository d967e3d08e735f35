/** The length of a slot, in milliseconds. */
export const SLOT_MS = 10_000;
/** An hour of slots. */
const SLOTS = 360;
/** A minute of slots: the current one and the five before it. */
const MINUTE_SLOTS = 6;
/** The most names that are counted. Each takes some 3 KB. */
const NAMES_MAX = 1000;

/**
 * Counts and levels of the last hour by name, in slots of ten seconds. Keeps at most {@linkcode NAMES_MAX}
 * names; counts of further names are dropped.
 */
export class Recent {
  readonly #counts = new Map<string, Float64Array>();
  readonly #levels = new Set<string>();
  readonly #beganMs: number;
  #slot: number;

  /** @param nowMs the time of a monotonic clock, as in all methods */
  constructor(nowMs: number) {
    this.#beganMs = nowMs;
    this.#slot = slotOf(nowMs);
  }

  add(name: string, count: number, nowMs: number): void {
    const counts = this.#countsOf(name, nowMs);
    if (counts) counts[this.#slot % SLOTS]! += count;
  }

  /** Sets a level, such as the number of open connections. It stays until it is set again. */
  set(name: string, level: number, nowMs: number): void {
    const counts = this.#countsOf(name, nowMs);
    if (counts) counts[this.#slot % SLOTS] = level;
    this.#levels.add(name);
  }

  /** The sum of the current slot and the five before it. */
  minute(name: string, nowMs: number): number {
    return this.#sum(name, MINUTE_SLOTS, nowMs);
  }

  /** The sum of the last 360 slots. */
  hour(name: string, nowMs: number): number {
    return this.#sum(name, SLOTS, nowMs);
  }

  /** How many seconds {@linkcode minute} covers: 50 to 60, or less in the first minute after the start. */
  minuteSeconds(nowMs: number): number {
    return Math.min((MINUTE_SLOTS - 1) * SLOT_MS + nowMs % SLOT_MS, nowMs - this.#beganMs) / 1000;
  }

  /** The end times of the completed slots of the last hour, oldest first. */
  ends(nowMs: number): number[] {
    this.#advance(nowMs);
    const first = Math.max(slotOf(this.#beganMs), this.#slot - SLOTS + 1);
    return Array.from({ length: this.#slot - first }, (_, i) => (first + i + 1) * SLOT_MS);
  }

  /** The count of each slot, by its end time. */
  series(name: string, ends: readonly number[]): number[] {
    const counts = this.#counts.get(name);
    return ends.map((end) => counts?.[(slotOf(end) - 1) % SLOTS] ?? 0);
  }

  /** Removes all other names. */
  keepOnly(isWanted: (name: string) => boolean): void {
    for (const name of this.#counts.keys()) if (!isWanted(name)) this.#counts.delete(name);
  }

  #sum(name: string, slots: number, nowMs: number): number {
    this.#advance(nowMs);
    const counts = this.#counts.get(name);
    let sum = 0;
    for (let i = 0; counts && i < slots; i++) sum += counts[(this.#slot + SLOTS - i) % SLOTS]!;
    return sum;
  }

  #countsOf(name: string, nowMs: number): Float64Array | undefined {
    this.#advance(nowMs);
    const known = this.#counts.get(name);
    if (known !== undefined || this.#counts.size >= NAMES_MAX) return known;
    const counts = new Float64Array(SLOTS);
    this.#counts.set(name, counts);
    return counts;
  }

  #advance(nowMs: number): void {
    const slot = slotOf(nowMs);
    const from = Math.max(this.#slot + 1, slot - SLOTS + 1);
    for (const [name, counts] of slot > this.#slot ? this.#counts : []) {
      const level = this.#levels.has(name) ? counts[this.#slot % SLOTS]! : 0;
      for (let at = from; at <= slot; at++) counts[at % SLOTS] = level;
    }
    this.#slot = Math.max(this.#slot, slot);
  }
}

const slotOf = (ms: number): number => Math.floor(ms / SLOT_MS);
