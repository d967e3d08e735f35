import { addressOf, hostPortOf, type MessageHeaders, MMSGHDR_BYTES } from "../../shared/libc.ts";

/** The size of `struct sockaddr_in6` (ipv6(7)), which is longer than that of IPv4. */
const NAME_BYTES = 28;

/**
 * `struct mmsghdr` in words of 32 bits: first the pointer to the name (two words), then the name's length.
 */
const WORDS_A_HEADER = MMSGHDR_BYTES / 4;
const NAME_LENGTH_WORD = 2;

/** The memory where recvmmsg(2) writes the sender's address ("name") of each datagram in a batch. */
export class SenderNames {
  readonly #names: Uint8Array<ArrayBuffer>;
  readonly #slots: number;
  #words = new Uint32Array(0);

  constructor(slots: number) {
    this.#slots = slots;
    this.#names = new Uint8Array(slots * NAME_BYTES);
  }

  /** Makes the kernel write the names here. This object must live as long as the headers are in use. */
  attach({ words }: MessageHeaders, move: Parameters<typeof addressOf>[0]): void {
    const address = addressOf(move, this.#names);
    const pointers = new BigUint64Array(words.buffer, words.byteOffset, words.length / 2);
    for (let slot = 0; slot < this.#slots; slot++) {
      pointers[slot * MMSGHDR_BYTES / 8] = address + BigInt(slot * NAME_BYTES);
    }
    this.#words = words;
    this.reset();
  }

  /** Call before each read: the kernel takes each length as the room it has, and overwrites it. */
  reset(): void {
    for (let slot = 0; slot < this.#slots; slot++) {
      this.#words[slot * WORDS_A_HEADER + NAME_LENGTH_WORD] = NAME_BYTES;
    }
  }

  /** Returns the sender's HOST:PORT of the datagram in a slot. */
  of(slot: number): string | undefined {
    return hostPortOf(this.#names.subarray(slot * NAME_BYTES, (slot + 1) * NAME_BYTES));
  }
}
