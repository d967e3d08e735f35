import { readObject } from "../parse/json.ts";
import { Control, type FromWorker, type Refused } from "../worker_protocol.ts";
import { Accumulator, REASONS } from "../aggregate/partial.ts";
import { type Batch, scanDatagram } from "../parse/scanner.ts";

/** How many rejected messages are sampled in a minute, for each reason. */
export const SAMPLES_A_MINUTE = 10;
/** How many bytes of a message a sample shows. */
export const SAMPLE_BYTES_MAX = 256;

const TRUNCATED = REASONS.indexOf("truncated");

const enum Byte {
  Tab = 0x09,
  LineFeed = 0x0a,
  Return = 0x0d,
  Space = 0x20,
  OpenBrace = 0x7b,
}

/** A rejected message, and where it is in the batch. */
export interface Refusal {
  /** An index into {@linkcode REASONS}. */
  readonly reason: number;
  readonly start: number;
  readonly end: number;
}

/**
 * Scans datagrams and posts samples of rejected messages: {@linkcode SAMPLES_A_MINUTE} a minute per reason.
 */
export class Sampler {
  readonly #control: Int32Array<SharedArrayBuffer>;
  readonly #post: (message: FromWorker) => void;
  /** How many samples may still be posted in this minute, by reason. */
  readonly #left = REASONS.map(() => SAMPLES_A_MINUTE);
  /** The numbers of rejected messages before the current datagram, by reason. */
  readonly #before = REASONS.map(() => 0);
  #minute: number;

  constructor(control: Int32Array<SharedArrayBuffer>, post: (message: FromWorker) => void) {
    this.#control = control;
    this.#post = post;
    this.#minute = Atomics.load(control, Control.minute);
  }

  /** Like {@linkcode scanDatagram}. `from` returns the sender's address; undefined: it is unknown. */
  scan(
    batch: Batch,
    start: number,
    end: number,
    truncated: boolean,
    into: Accumulator,
    from: () => string | undefined,
  ): void {
    for (let reason = 0; reason < REASONS.length; reason++) this.#before[reason] = into.rejected(reason);
    scanDatagram(batch, start, end, truncated, into);
    const minute = Atomics.load(this.#control, Control.minute);
    if (minute !== this.#minute) {
      this.#minute = minute;
      this.#left.fill(SAMPLES_A_MINUTE);
    }
    const isWanted = (left: number, reason: number) =>
      left > 0 && into.rejected(reason) > this.#before[reason]!;
    if (this.#left.some(isWanted)) this.#sample(batch, start, end, truncated, from());
  }

  #sample(batch: Batch, start: number, end: number, truncated: boolean, from: string | undefined): void {
    for (const { reason, start: at, end: messageEnd } of refusalsIn(batch, start, end, truncated)) {
      if (this.#left[reason] === 0) continue;
      this.#left[reason]!--;
      const bytes = batch.bytes.slice(at, Math.min(messageEnd, at + SAMPLE_BYTES_MAX));
      const refused: Refused = { reason, length: messageEnd - at, bytes };
      this.#post({ kind: "refused", refused: from === undefined ? refused : { ...refused, from } });
    }
  }
}

/**
 * Finds the messages of a datagram that {@linkcode scanDatagram} rejects, by scanning it again piece by
 * piece. If it can't locate a rejected message, it returns what contains the message: an array, or the whole
 * datagram.
 */
export function refusalsIn(batch: Batch, start: number, end: number, truncated: boolean): Refusal[] {
  const refusals: Refusal[] = [];
  if (truncated) refusals.push({ reason: TRUNCATED, start, end });
  const found = REASONS.map(() => 0);
  let at = start;
  do {
    const lineEnd = lineEndOf(batch.bytes, at, end);
    if (truncated && lineEnd === end) break; // The rest of this line is missing.
    // The line feed is included: without it an `\r` before it would not count as part of the line end.
    for (const refusal of refusalsInLine(batch, at, lineEnd, Math.min(lineEnd + 1, end))) {
      found[refusal.reason]!++;
      refusals.push(refusal);
    }
    at = lineEnd + 1;
  } while (at < end);
  if (truncated) return refusals;
  const all = countsOf(batch, start, end);
  // An object or array over several lines makes no sense line by line. If the reasons found are not those of
  // the scanner, the whole datagram is the sample.
  const isLineByLine = all.every((count, reason) => (count > 0) === (found[reason]! > 0));
  if (isLineByLine) return refusals;
  return all.flatMap((count, reason) => count > 0 ? [{ reason, start, end }] : []);
}

/** @param lineEnd the end of the line with its line feed; `end` is without it */
function refusalsInLine(batch: Batch, start: number, end: number, lineEnd: number): Refusal[] {
  const { bytes } = batch;
  const refusals: Refusal[] = [];
  let at = start;
  do {
    at = skipSpace(bytes, at, end);
    const next = bytes[at] === Byte.OpenBrace && at < end ? readObject(bytes, at, end, false) : ~at;
    // A piece is one object; or, where no object begins, the rest of the line: an array, nothing, or no JSON.
    const [from, to] = next >= 0 ? [at, trimEnd(bytes, next)] : [at === end ? start : at, lineEnd];
    countsOf(batch, from, to).forEach((count, reason) => {
      if (count > 0) refusals.push({ reason, start: from, end: Math.min(to, end) });
    });
    if (next < 0) break;
    at = next;
  } while (at < end);
  return refusals;
}

/** Returns how many messages of a piece are rejected, by reason. */
function countsOf(batch: Batch, start: number, end: number): number[] {
  const into = new Accumulator();
  scanDatagram(batch, start, end, false, into);
  return REASONS.map((_, reason) => into.rejected(reason));
}

function lineEndOf(bytes: Uint8Array, at: number, end: number): number {
  const found = bytes.subarray(at, end).indexOf(Byte.LineFeed);
  return found < 0 ? end : at + found;
}

/** Returns the end of the text before `at`, without trailing white space. There must be text before `at`. */
function trimEnd(bytes: Uint8Array, at: number): number {
  while (isSpace(bytes[at - 1]!)) at--;
  return at;
}

function skipSpace(bytes: Uint8Array, at: number, end: number): number {
  while (at < end && isSpace(bytes[at]!)) at++;
  return at;
}

function isSpace(byte: number): boolean {
  return byte === Byte.Space || byte === Byte.Tab || byte === Byte.Return;
}
