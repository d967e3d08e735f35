/**
 * The format of a text that is renewed in place: a file of slots of equal size, each with a text of its own.
 *
 *     {"sequence":4711,"bytes":310,"checksum":"1f0a9c3e"}     the slot with the highest sequence counts
 *     the text, so many bytes; then spaces, then what an earlier and longer one left behind
 *
 * The checksum tells a slot that was written in part, or of which the disk has a part.
 *
 * @module
 */

/**
 * One that holds the text, one that is known to be safe from a loss of power, one that the disk is about to make so:
 * none of them is written to. The fourth takes the next text.
 */
export const SLOTS = 4;
/** Slots are whole blocks: to write a part of one, the system might have to read the rest from the disk first. */
const BLOCK_BYTES = 4096;
/** The longest text there can be, with its header. */
export const SLOT_BYTES_MAX = 64 * 1024 * 1024;

const HEADER = /^\{"sequence":(\d{1,16}),"bytes":(\d{1,16}),"checksum":"([0-9a-f]{8})"\}\n/;
const HEADER_BYTES_MAX = 100;

export interface Slot {
  readonly sequence: number;
  readonly text: string;
}

/** The bytes of a slot, filled up with spaces to whole blocks. */
export function encodeSlot({ sequence, text }: Slot): Uint8Array<ArrayBuffer> {
  const body = new TextEncoder().encode(text);
  const checksum = checksumOf(sequence, body);
  const header = `{"sequence":${sequence},"bytes":${body.length},"checksum":"${checksum}"}\n`;
  const blocks = Math.ceil((header.length + body.length) / BLOCK_BYTES);
  const bytes = new Uint8Array(blocks * BLOCK_BYTES).fill(0x20);
  new TextEncoder().encodeInto(header, bytes);
  bytes.set(body, header.length);
  return bytes;
}

/** What a slot holds; undefined when that is nothing, or not all of it is there. */
export function decodeSlot(bytes: Uint8Array): Slot | undefined {
  const start = new TextDecoder().decode(bytes.subarray(0, HEADER_BYTES_MAX));
  const [header, sequence, length, checksum] = HEADER.exec(start) ?? [];
  if (header === undefined) return undefined;
  const body = bytes.subarray(header.length, header.length + Number(length));
  if (body.length !== Number(length) || checksumOf(Number(sequence), body) !== checksum) return undefined;
  return { sequence: Number(sequence), text: new TextDecoder("utf-8", { ignoreBOM: true }).decode(body) };
}

/**
 * The size of the slots of a file that is to hold so many bytes in each of them: twice as much again and again, so
 * that a growing text seldom needs a new file.
 *
 * @throws {RangeError} That is too much.
 */
export function capacityFor(bytes: number): number {
  if (bytes > SLOT_BYTES_MAX) throw new RangeError(`The text takes ${bytes} bytes of ${SLOT_BYTES_MAX}`);
  let capacity = BLOCK_BYTES;
  while (capacity < bytes) capacity *= 2;
  return capacity;
}

/** FNV-1a, 32 bits: it tells every change of one byte, and all but one in 4,000,000,000 of the others. */
function checksumOf(sequence: number, body: Uint8Array): string {
  let hash = 0x811c9dc5;
  const add = (byte: number) => hash = Math.imul(hash ^ byte, 0x01000193);
  for (const byte of new TextEncoder().encode(`${sequence} ${body.length}\n`)) add(byte);
  for (const byte of body) add(byte);
  return (hash >>> 0).toString(16).padStart(8, "0");
}
