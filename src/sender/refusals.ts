/** Nothing has listened at the address for so long that waiting makes no sense. */
export class NobodyListens extends Error {
  override readonly name = "NobodyListens";
}

/** How long a receiver may be away, for a restart for example, before the sender gives up. */
const PATIENCE_MS = 2000;

/**
 * Counts datagrams that were sent to a port where nothing listens, and notices when this lasts too long. The
 * kernel reports such a datagram at the next use of its socket (ICMP port unreachable, udp(7)). So while
 * nothing listens, each socket sends at most one datagram between two reports; if more get through, a new
 * series of refusals begins.
 */
export class Refusals {
  total = 0;
  readonly #sources: number;
  /** When the current series of refusals began. */
  #seriesMs = 0;
  /** Datagrams sent since the last refusal. */
  #sentSince = Infinity;

  constructor(sources: number) {
    this.#sources = sources;
  }

  sent(datagrams: number): void {
    this.#sentSince += datagrams;
  }

  /** @throws {NobodyListens} The current series of refusals has lasted for two seconds. */
  refused(nowMs: number): void {
    this.total++;
    if (this.#sentSince > this.#sources) this.#seriesMs = nowMs;
    this.#sentSince = 0;
    if (nowMs - this.#seriesMs >= PATIENCE_MS) {
      throw new NobodyListens(`${this.total} datagrams were refused`);
    }
  }
}
