/** Random numbers that the same seed repeats (xorshift32, Marsaglia 2003). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = Math.imul(seed + 1, 0x9e3779b1) | 1;
    for (let i = 0; i < 4; i++) this.#next();
  }

  /** A float from 0 up to `limit`. */
  below(limit: number): number {
    return this.#next() / 2 ** 32 * limit;
  }

  /** An integer from 0 up to, not including, `limit`. */
  integer(limit: number): number {
    return Math.floor(this.below(limit));
  }

  chance(probability: number): boolean {
    return this.below(1) < probability;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.integer(items.length)]!;
  }

  #next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x >>> 0;
  }
}
