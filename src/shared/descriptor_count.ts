import { openLibc } from "./libc.ts";

const SYMBOLS = {
  poll: { parameters: ["buffer", "u64", "i32"], result: "i32" },
  sysconf: { parameters: ["i32"], result: "i64" },
} as const;

/** `_SC_OPEN_MAX` of glibc. */
const SC_OPEN_MAX = 4;
const POLLNVAL = 0x20;
/** `struct pollfd`: fd (i32), events (i16), revents (i16). */
const POLLFD_BYTES = 8;
const CHUNK = 256;

/**
 * Counts the open file descriptors of this process without reading /proc, which Deno shows to nobody who holds less
 * than all permissions: poll(2) says of each number whether it is open. The kernel gives out the lowest free number, so
 * a whole chunk of closed ones ends the count. Takes 5 µs for 256.
 */
export class DescriptorCount {
  readonly #libc = openLibc(SYMBOLS);
  readonly #view = new DataView(new ArrayBuffer(CHUNK * POLLFD_BYTES));

  /** How many may be open: the soft limit, which Deno raises to the hard one. */
  get max(): number {
    return Number(this.#libc.symbols.sysconf(SC_OPEN_MAX));
  }

  count(): number {
    const { max } = this;
    let sum = 0;
    for (let from = 0; from < max; from += CHUNK) {
      const open = this.#countFrom(from, Math.min(CHUNK, max - from));
      if (open === 0) break;
      sum += open;
    }
    return sum;
  }

  #countFrom(from: number, fds: number): number {
    const view = this.#view;
    for (let i = 0; i < fds; i++) {
      view.setInt32(i * POLLFD_BYTES, from + i, true);
      view.setInt32(i * POLLFD_BYTES + 4, 0, true);
    }
    this.#libc.symbols.poll(view, BigInt(fds), 0);
    let open = 0;
    for (let i = 0; i < fds; i++) if ((view.getInt16(i * POLLFD_BYTES + 6, true) & POLLNVAL) === 0) open++;
    return open;
  }

  close(): void {
    this.#libc.close();
  }
}
