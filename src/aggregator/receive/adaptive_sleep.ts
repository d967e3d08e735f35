/**
 * How long to sleep between two rounds of reads, so that each finds a quarter to a half of what it takes at most: the
 * cost of waking is then shared by many datagrams. It follows the traffic by what the rounds find, without a clock.
 */
export class AdaptiveSleep {
  readonly #datagramsMax: number;
  readonly #msMin: number;
  readonly #msMax: number;
  #ms: number;

  /**
   * A round takes at most `datagramsMax`. `msMax` is how long the socket's buffer can hold a flood; 0: never sleep.
   * Fractions of milliseconds count.
   */
  constructor(datagramsMax: number, msMax: number) {
    this.#datagramsMax = datagramsMax;
    this.#msMin = Math.min(1, msMax);
    this.#msMax = msMax;
    this.#ms = this.#msMin;
  }

  /** The milliseconds to sleep after a round that found so many datagrams. */
  after(received: number): number {
    if (received >= this.#datagramsMax / 2) {
      this.#ms = Math.max(this.#ms / 2, this.#msMin);
      return 0;
    }
    if (received < this.#datagramsMax / 4) this.#ms = Math.min(this.#ms * 2, this.#msMax);
    return this.#ms;
  }
}
