/** How long one count is for, and how far back one can look, in milliseconds. */
export const SLOT_MS = 10_000;
const SLOTS = 360;
/** The count under way, and the five before it. */
const MINUTE_SLOTS = 6;
/** Some 3 KB each. */
const NAMES_MAX = 1000;

/** What was counted under some names in the last hour, in steps of ten seconds. Beyond so many names none is added. */
export class Recent {
  readonly #counts = new Map<string, Float64Array>();
  readonly #levels = new Set<string>();
  readonly #beganMs: number;
  #slot: number;

  /** All times are of one monotonic clock. */
  constructor(nowMs: number) {
    this.#beganMs = nowMs;
    this.#slot = slotOf(nowMs);
  }

  add(name: string, count: number, nowMs: number): void {
    const counts = this.#countsOf(name, nowMs);
    if (counts) counts[this.#slot % SLOTS]! += count;
  }

  /** Notes a level, which stays as it is until another one is noted. */
  set(name: string, level: number, nowMs: number): void {
    const counts = this.#countsOf(name, nowMs);
    if (counts) counts[this.#slot % SLOTS] = level;
    this.#levels.add(name);
  }

  /** The sum over the last minute. */
  minute(name: string, nowMs: number): number {
    return this.#sum(name, MINUTE_SLOTS, nowMs);
  }

  hour(name: string, nowMs: number): number {
    return this.#sum(name, SLOTS, nowMs);
  }

  /** How much time the last minute has, from its first count to now: less soon after the start. */
  minuteSeconds(nowMs: number): number {
    return Math.min((MINUTE_SLOTS - 1) * SLOT_MS + nowMs % SLOT_MS, nowMs - this.#beganMs) / 1000;
  }

  /** When the counts of the last hour ended that are over, oldest first. */
  ends(nowMs: number): number[] {
    this.#advance(nowMs);
    const first = Math.max(slotOf(this.#beganMs), this.#slot - SLOTS + 1);
    return Array.from({ length: this.#slot - first }, (_, i) => (first + i + 1) * SLOT_MS);
  }

  /** What was counted until each of these ends. */
  series(name: string, ends: readonly number[]): number[] {
    const counts = this.#counts.get(name);
    return ends.map((end) => counts?.[(slotOf(end) - 1) % SLOTS] ?? 0);
  }

  /** Forgets the names that are no longer wanted. */
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
