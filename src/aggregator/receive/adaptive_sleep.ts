/**
 * Chooses how long a worker sleeps between two rounds of reads, so that each round finds a quarter to a half
 * of the datagrams it can take. Many datagrams then share the cost of one wake-up. The sleep follows the
 * traffic by what the rounds find, without a clock.
 */
export class AdaptiveSleep {
  readonly #datagramsMax: number;
  readonly #msMin: number;
  readonly #msMax: number;
  #ms: number;

  /**
   * @param datagramsMax the most datagrams a round takes
   * @param msMax how many milliseconds (or a fraction) the socket can hold a flood; 0: never sleep
   */
  constructor(datagramsMax: number, msMax: number) {
    this.#datagramsMax = datagramsMax;
    this.#msMin = Math.min(1, msMax);
    this.#msMax = msMax;
    this.#ms = this.#msMin;
  }

  /** Returns how many milliseconds to sleep after a round that found this many datagrams. */
  after(received: number): number {
    if (received >= this.#datagramsMax / 2) {
      this.#ms = Math.max(this.#ms / 2, this.#msMin);
      return 0;
    }
    if (received < this.#datagramsMax / 4) this.#ms = Math.min(this.#ms * 2, this.#msMax);
    return this.#ms;
  }
}
