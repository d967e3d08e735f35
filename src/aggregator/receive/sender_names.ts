import { addressOf, hostPortOf, type MessageHeaders, MMSGHDR_BYTES } from "../../shared/libc.ts";

/** `struct sockaddr_in6` (ipv6(7)), the longer one. */
const NAME_BYTES = 28;

/** Words of 32 bits in `struct mmsghdr`: the address of the name, two of them, and its length. */
const WORDS_A_HEADER = MMSGHDR_BYTES / 4;
const NAME_LENGTH_WORD = 2;

/** Where recvmmsg(2) writes who sent each datagram of a batch. */
export class SenderNames {
  readonly #names: Uint8Array<ArrayBuffer>;
  readonly #slots: number;
  #words = new Uint32Array(0);

  constructor(slots: number) {
    this.#slots = slots;
    this.#names = new Uint8Array(slots * NAME_BYTES);
  }

  /** Has the kernel write into them; they must stay for as long as it may. */
  attach({ words }: MessageHeaders, move: Parameters<typeof addressOf>[0]): void {
    const address = addressOf(move, this.#names);
    const pointers = new BigUint64Array(words.buffer, words.byteOffset, words.length / 2);
    for (let slot = 0; slot < this.#slots; slot++) {
      pointers[slot * MMSGHDR_BYTES / 8] = address + BigInt(slot * NAME_BYTES);
    }
    this.#words = words;
    this.reset();
  }

  /** Before each read: the kernel has written there how long the names were. */
  reset(): void {
    for (let slot = 0; slot < this.#slots; slot++) {
      this.#words[slot * WORDS_A_HEADER + NAME_LENGTH_WORD] = NAME_BYTES;
    }
  }

  /** Who sent the datagram in a slot. */
  of(slot: number): string | undefined {
    return hostPortOf(this.#names.subarray(slot * NAME_BYTES, (slot + 1) * NAME_BYTES));
  }
}
