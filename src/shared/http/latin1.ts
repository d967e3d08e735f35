/**
 * Bytes as text, one character for each byte, as HTTP needs it.
 *
 * @module
 */
import { Buffer } from "node:buffer";

const [TAB, SPACE] = [9, 32];

/**
 * A method of node:buffer that its types lack. Measured once: it takes 65 ns for 60 bytes, where TextDecoder
 * takes 150 to 400 ns.
 */
interface Latin1 {
  latin1Slice(this: Uint8Array, start: number, end: number): string;
}
const { latin1Slice } = Buffer.prototype as unknown as Latin1;

/** Returns the bytes from `start` up to, but without, `end`. */
export function textOf(bytes: Uint8Array, start: number, end: number): string {
  return latin1Slice.call(bytes, start, end);
}

/** Narrows `start` and `end` by the spaces and tabs at both ends. */
export function trimmed(bytes: Uint8Array, start: number, end: number): [start: number, end: number] {
  while (start < end && (bytes[start] === SPACE || bytes[start] === TAB)) start++;
  while (end > start && (bytes[end - 1] === SPACE || bytes[end - 1] === TAB)) end--;
  return [start, end];
}
