/** Nothing listened at the address for so long that waiting for it makes no sense. */
export class NobodyListens extends Error {
  override readonly name = "NobodyListens";
}

/** How long a receiver may be away, to restart say, before the run is given up. */
const PATIENCE_MS = 2000;

/**
 * Counts the datagrams that went to a port where nothing listens. The kernel tells of such a datagram when its
 * socket is used next (ICMP port unreachable, udp(7)), so between two tellings of a row each socket gets one
 * datagram through, and no more.
 */
export class Refusals {
  total = 0;
  readonly #sources: number;
  #rowMs = 0;
  #sentSince = Infinity;

  constructor(sources: number) {
    this.#sources = sources;
  }

  sent(datagrams: number): void {
    this.#sentSince += datagrams;
  }

  /** @throws {NobodyListens} Refusals have come in a row for two seconds. */
  refused(nowMs: number): void {
    this.total++;
    if (this.#sentSince > this.#sources) this.#rowMs = nowMs;
    this.#sentSince = 0;
    if (nowMs - this.#rowMs >= PATIENCE_MS) throw new NobodyListens(`${this.total} datagrams were refused`);
  }
}
