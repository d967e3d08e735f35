/**
 * How long to sleep between two reads, so that each finds about half a batch: the cost of a read is then shared by
 * many datagrams. It follows the traffic by what the reads return alone, without a clock.
 */
export class AdaptiveSleep {
  readonly #batch: number;
  readonly #msMin: number;
  readonly #msMax: number;
  #ms: number;

  /** `msMax` is how long the socket's buffer can hold a flood; 0: never sleep. Fractions of milliseconds count. */
  constructor(batch: number, msMax: number) {
    this.#batch = batch;
    this.#msMin = Math.min(1, msMax);
    this.#msMax = msMax;
    this.#ms = this.#msMin;
  }

  /** The milliseconds to sleep after a read that returned `received` of at most `batch` datagrams. */
  after(received: number): number {
    if (received >= this.#batch / 2) {
      this.#ms = Math.max(this.#ms / 2, this.#msMin);
      return 0;
    }
    if (received < this.#batch / 4) this.#ms = Math.min(this.#ms * 2, this.#msMax);
    return this.#ms;
  }
}
