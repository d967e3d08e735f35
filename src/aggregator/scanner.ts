import { INTEGER, NOT_INTEGER, OUT_OF_RANGE, readInteger } from "./integer.ts";
import { fieldAt, MISSING, readObject } from "./json.ts";
import { type Accumulator, LIMB, REASONS, SMALL_LIMIT } from "./partial.ts";
import { OTHER_FORM, scanWords, WORD_SLACK_BYTES } from "./words.ts";

const EMPTY = REASONS.indexOf("empty");
const TRUNCATED = REASONS.indexOf("truncated");
const SYNTAX = REASONS.indexOf("syntax");
const MISSING_FIELD = REASONS.indexOf("missing_field");

const enum Byte {
  Tab = 0x09,
  LineFeed = 0x0a,
  Return = 0x0d,
  Space = 0x20,
  OpenBrace = 0x7b,
}

/** Memory for datagrams, as bytes and as words of them. */
export class Batch {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Reaches further than the bytes: a word that begins in them may be read. */
  readonly view: DataView<ArrayBuffer>;

  /** @param size in bytes */
  constructor(size: number) {
    this.view = new DataView(new ArrayBuffer(size + WORD_SLACK_BYTES));
    this.bytes = new Uint8Array(this.view.buffer, 0, size);
  }

  /** Memory that holds these bytes. */
  static of(bytes: Uint8Array): Batch {
    const batch = new Batch(bytes.length);
    batch.bytes.set(bytes);
    return batch;
  }
}

/**
 * Counts the datagram in `bytes[start, end)` of a batch and adds up its messages, one a line.
 *
 * A line ends at `\n`; the last one need not. A line of no bytes, or of the `\r` of `\r\n`, is `empty`; one of other
 * white space is no JSON, so `syntax`. Of a datagram that was `truncated` (longer than its buffer) the complete lines
 * count as ever, and the cut one is rejected.
 */
export function scanDatagram(
  { bytes, view }: Batch,
  start: number,
  end: number,
  truncated: boolean,
  into: Accumulator,
): void {
  into.receive();
  if (truncated) {
    into.reject(TRUNCATED);
    while (end > start && bytes[end - 1] !== Byte.LineFeed) end--;
    if (end === start) return;
  }
  let empty = 0;
  let broken = 0;
  let at = start;
  do {
    if (at === end || bytes[at] === Byte.LineFeed) {
      empty++;
      at++;
      continue;
    }
    const first = skipSpace(bytes, at, end);
    if (first < end && bytes[first] === Byte.OpenBrace) {
      at = scanWords(view, first, end, into);
      if (at === OTHER_FORM) at = scanObject(bytes, first, end, into);
      if (at < 0) {
        broken++;
        at = nextLine(bytes, ~at, end);
      }
    } else {
      const returnOnly = first - at === 1 && first < end && bytes[first] === Byte.LineFeed &&
        bytes[at] === Byte.Return;
      if (returnOnly) empty++;
      else broken++;
      at = nextLine(bytes, first, end);
    }
  } while (at < end);
  if (empty > 0) into.reject(EMPTY, empty);
  if (broken > 0) into.reject(SYNTAX, broken);
}

/** Skips the white space of a line. A twin of the one in json.ts: an imported function made a message 5 ns dearer. */
function skipSpace(bytes: Uint8Array, at: number, end: number): number {
  while (at < end && (bytes[at] === Byte.Space || bytes[at] === Byte.Tab || bytes[at] === Byte.Return)) at++;
  return at;
}

function nextLine(bytes: Uint8Array, at: number, end: number): number {
  while (at < end && bytes[at] !== Byte.LineFeed) at++;
  return at + 1;
}

const limbs = new Float64Array(6);

/** Reads a line that begins with a brace; returns as {@linkcode scanWords} does, but is never at a loss. */
function scanObject(bytes: Uint8Array, at: number, end: number, into: Accumulator): number {
  const lineEnd = readObject(bytes, at, end);
  if (lineEnd < 0) return lineEnd;
  addFields(bytes, lineEnd, into);
  return lineEnd + 1;
}

/** Adds up or rejects the object that {@linkcode readObject} has just read. */
function addFields(bytes: Uint8Array, end: number, into: Accumulator): void {
  if (fieldAt[0] === MISSING || fieldAt[1] === MISSING || fieldAt[2] === MISSING) {
    return into.reject(MISSING_FIELD);
  }
  const a1 = readInteger(bytes, fieldAt[0]!, end, limbs, 0);
  const a2 = readInteger(bytes, fieldAt[1]!, end, limbs, 2);
  const a3 = readInteger(bytes, fieldAt[2]!, end, limbs, 4);
  if (a1 === NOT_INTEGER || a2 === NOT_INTEGER || a3 === NOT_INTEGER) return into.reject(NOT_INTEGER);
  if (a1 !== INTEGER || a2 !== INTEGER || a3 !== INTEGER) return into.reject(OUT_OF_RANGE);
  const high = Math.max(Math.abs(limbs[0]!), Math.abs(limbs[2]!), Math.abs(limbs[4]!));
  if (high < SMALL_LIMIT / LIMB) {
    into.addSmall(limbs[0]! * LIMB + limbs[1]!, limbs[2]! * LIMB + limbs[3]!, limbs[4]! * LIMB + limbs[5]!);
  } else into.addWide(limbs);
}
