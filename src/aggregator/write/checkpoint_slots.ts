/**
 * The format of a file whose text is replaced in place: slots of equal size, each with one version of it.
 *
 *     {"sequence":4711,"bytes":310,"checksum":"1f0a9c3e"}     the slot with the highest sequence number counts
 *     the text, `bytes` long; then spaces, then the rest of an earlier and longer text
 *
 * The checksum reveals a slot of which only a part was written or reached the disk.
 *
 * @module
 */

/**
 * A write must not touch three slots: the newest text, the newest text that is synced, and the text that a
 * sync is making safe at this moment. The fourth slot takes the next text.
 */
export const SLOTS = 4;
/** Slots are whole blocks: to write part of a block, the kernel may have to read the rest from the disk. */
const BLOCK_BYTES = 4096;
/** The longest slot: header and text. */
export const SLOT_BYTES_MAX = 64 * 1024 * 1024;

const HEADER = /^\{"sequence":(\d{1,16}),"bytes":(\d{1,16}),"checksum":"([0-9a-f]{8})"\}\n/;
const HEADER_BYTES_MAX = 100;

export interface Slot {
  readonly sequence: number;
  readonly text: string;
}

/** Returns the bytes of a slot, padded with spaces to whole blocks. */
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

/** Reads a slot. Undefined: it is blank or damaged. */
export function decodeSlot(bytes: Uint8Array): Slot | undefined {
  const start = new TextDecoder().decode(bytes.subarray(0, HEADER_BYTES_MAX));
  const [header, sequence, length, checksum] = HEADER.exec(start) ?? [];
  if (header === undefined) return undefined;
  const body = bytes.subarray(header.length, header.length + Number(length));
  if (body.length !== Number(length) || checksumOf(Number(sequence), body) !== checksum) return undefined;
  return { sequence: Number(sequence), text: new TextDecoder("utf-8", { ignoreBOM: true }).decode(body) };
}

/**
 * Returns the slot size for a slot of this many bytes. The size doubles until the slot fits, so a growing
 * text rarely needs a new file.
 *
 * @throws {RangeError} The slot is longer than {@linkcode SLOT_BYTES_MAX}.
 */
export function capacityFor(bytes: number): number {
  if (bytes > SLOT_BYTES_MAX) throw new RangeError(`The text takes ${bytes} bytes of ${SLOT_BYTES_MAX}`);
  let capacity = BLOCK_BYTES;
  while (capacity < bytes) capacity *= 2;
  return capacity;
}

/** FNV-1a with 32 bits: detects every change of one byte, and all but 1 in 2^32 of the other changes. */
function checksumOf(sequence: number, body: Uint8Array): string {
  let hash = 0x811c9dc5;
  const add = (byte: number) => hash = Math.imul(hash ^ byte, 0x01000193);
  for (const byte of new TextEncoder().encode(`${sequence} ${body.length}\n`)) add(byte);
  for (const byte of body) add(byte);
  return (hash >>> 0).toString(16).padStart(8, "0");
}
