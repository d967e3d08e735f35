/**
 * Parses the head of an HTTP/1.1 request (RFC 9112), without a clock or I/O. Requests are smuggled where two
 * programs read a byte differently, so it is stricter than many servers: lines must end with CR LF, headers
 * must not be folded, no space may be before a colon, and values may contain no control characters but tabs.
 *
 * @module
 */

import { textOf, trimmed } from "./latin1.ts";
import * as refusals from "./refusals.ts";
import type { Refusal } from "./refusals.ts";

const [TAB, LF, CR, SPACE, COLON, SLASH, STAR, DOT] = [9, 10, 13, 32, 58, 47, 42, 46];

/** What a byte may be part of, one bit each. */
const [TOKEN, TARGET, VALUE] = [1, 2, 4];
const CLASSES = new Uint8Array(256).map((_, byte) => {
  const char = String.fromCharCode(byte);
  return (/[!#$%&'*+.^_`|~0-9A-Za-z-]/.test(char) ? TOKEN : 0) |
    (/[!"$-~]/.test(char) ? TARGET : 0) |
    (byte === TAB || (byte >= SPACE && byte !== 127) ? VALUE : 0);
});

/** `uri-host [ ":" port ]` of RFC 9110, 7.2; the host may be empty. */
const HOST = /^(?:\[[0-9a-fv:.]+\]|(?:[\w.~!$&'()*+,;=-]|%[0-9a-f]{2})*)(?::[0-9]{0,5})?$/i;

/** A whole head, as offsets into the bytes. Valid until the next head is read into the same object. */
export class Head {
  methodStart = 0;
  methodEnd = 0;
  targetStart = 0;
  targetEnd = 0;
  fieldsStart = 0;
  /** The offset of the first byte after the head. */
  end = 0;
  /** The minor version: 1 for HTTP/1.1, 0 for HTTP/1.0. */
  minor = 1;
  /** Whether the client allows another request on the connection. */
  keepsAlive = true;
  /** The length of the body from Content-Length, in bytes; -1 without Content-Length. */
  contentLength = -1;
  hasTransferEncoding = false;
  /** Whether the client waits for "100 Continue" before it sends its body. */
  expectsContinue = false;
  /** Set if {@linkcode readHead} returns REFUSED. */
  refusal: Refusal | undefined = undefined;

  hostStart = 0;
  hostEnd = 0;
  /** The number of Host headers. */
  hosts = 0;
  saysClose = false;
  saysKeepAlive = false;
}

/** The results of {@linkcode readHead}. */
export const INCOMPLETE = 0;
export const WHOLE = 1;
export const REFUSED = 2;
export type Reading = typeof INCOMPLETE | typeof WHOLE | typeof REFUSED;

/**
 * Parses the head between `start` and `end` into `head`. Checks the lines in order, each once it is complete,
 * so that the result does not depend on how the bytes arrive. A refusal is final: after a malformed head it
 * is unknown where the next request begins.
 */
export function readHead(bytes: Uint8Array, start: number, end: number, head: Head): Reading {
  reset(head);
  // One empty line may come first: old clients send one after a body (RFC 9112, 2.2).
  if (start < end && bytes[start] === CR) {
    if (start + 1 === end) return INCOMPLETE;
    if (bytes[start + 1] !== LF) return refuse(head, refusals.BAD_END);
    start += 2;
  }
  const line = readLine(bytes, start, end, head);
  if (line !== WHOLE) return line;
  const sectionEnd = head.fieldsStart + refusals.SECTION_BYTES_MAX;
  const limit = Math.min(end, sectionEnd);
  let at = head.fieldsStart;
  for (let fields = 0;; fields++) {
    if (at + 1 < limit && bytes[at] === CR && bytes[at + 1] === LF) {
      head.end = at + 2;
      return conclude(head);
    }
    const next = readField(bytes, at, limit, head);
    if (next < 0) return REFUSED;
    if (next === 0) return end < sectionEnd ? INCOMPLETE : refuse(head, refusals.TOO_LARGE);
    if (fields === refusals.FIELDS_MAX) return refuse(head, refusals.TOO_LARGE);
    at = next;
  }
}

function reset(head: Head): void {
  head.contentLength = -1;
  head.hasTransferEncoding =
    head.expectsContinue =
    head.saysClose =
    head.saysKeepAlive =
      false;
  head.hosts = 0;
  head.refusal = undefined;
}

function refuse(head: Head, refusal: Refusal): typeof REFUSED {
  head.refusal = refusal;
  return REFUSED;
}

/**
 * Parses the request line:
 *
 *     GET /?video=http://s1.origin-cluster/a.m3u8 HTTP/1.1␍␊
 *     ^^^ ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ ^^^^^^^^
 *     method             target                  version
 */
function readLine(bytes: Uint8Array, start: number, end: number, head: Head): Reading {
  const limit = Math.min(end, start + refusals.LINE_BYTES_MAX);
  const lf = indexOfLf(bytes, start, limit);
  if (lf < 0) return limit === end ? INCOMPLETE : refuse(head, refusals.TOO_LONG);
  if (lf === start || bytes[lf - 1] !== CR) return refuse(head, refusals.BAD_END);
  let at = start;
  while (CLASSES[bytes[at]!]! & TOKEN) at++;
  if (at === start || bytes[at] !== SPACE) return refuse(head, refusals.BAD_LINE);
  head.methodStart = start;
  head.methodEnd = at;
  head.targetStart = ++at;
  while (CLASSES[bytes[at]!]! & TARGET) at++;
  head.targetEnd = at;
  if (bytes[at] !== SPACE) return refuse(head, at >= lf - 1 ? refusals.BAD_LINE : refusals.BAD_TARGET);
  if (at - head.targetStart > refusals.TARGET_BYTES_MAX) return refuse(head, refusals.TOO_LONG);
  const minor = versionAt(bytes, at + 1, lf - 1);
  if (minor === -1) return refuse(head, refusals.BAD_LINE);
  // Checked before the form of the target: the preface of HTTP/2 has a target that HTTP/1.1 does not allow.
  if (minor === -2) return refuse(head, refusals.UNKNOWN_VERSION);
  if (at === head.targetStart || !isTarget(bytes, head)) return refuse(head, refusals.BAD_LINE);
  head.minor = minor;
  head.fieldsStart = lf + 1;
  return WHOLE;
}

/** Like `indexOf`, but with an end. */
function indexOfLf(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at++) if (bytes[at] === LF) return at;
  return -1;
}

/** Whether the target is a path, an absolute URL, `*` (OPTIONS), or HOST:PORT (CONNECT) (RFC 9112, 3.2). */
function isTarget(bytes: Uint8Array, { targetStart, targetEnd, methodStart, methodEnd }: Head): boolean {
  const first = bytes[targetStart]!;
  if (first === SLASH) return true;
  const method = textOf(bytes, methodStart, methodEnd);
  const target = textOf(bytes, targetStart, targetEnd);
  if (first === STAR) return target === "*" && method === "OPTIONS";
  return method === "CONNECT"
    ? /^[^/?#@]+:[0-9]+$/.test(target)
    : /^[a-z][a-z0-9+.-]*:\/\/[^/?]+/i.test(target);
}

/** Returns the minor version of HTTP/1.0 or 1.1; -1 if this is no HTTP version, -2 for other versions. */
function versionAt(bytes: Uint8Array, start: number, end: number): number {
  if (end - start !== 8) return -1;
  // H T T P /
  if (
    bytes[start] !== 72 || bytes[start + 1] !== 84 || bytes[start + 2] !== 84 || bytes[start + 3] !== 80 ||
    bytes[start + 4] !== SLASH || bytes[start + 6] !== DOT
  ) return -1;
  const [major, minor] = [bytes[start + 5]! - 48, bytes[start + 7]! - 48];
  if (major < 0 || major > 9 || minor < 0 || minor > 9) return -1;
  return major === 1 && minor <= 1 ? minor : -2;
}

/** Parses the field at `at`. Returns the offset after its line; 0 if incomplete, -1 if refused. */
function readField(bytes: Uint8Array, at: number, end: number, head: Head): number {
  const nameStart = at;
  while (at < end && CLASSES[bytes[at]!]! & TOKEN) at++;
  if (at >= end) return 0;
  const nameEnd = at;
  const isNamed = bytes[at] === COLON && nameEnd > nameStart;
  if (isNamed) at++;
  const valueStart = at;
  while (at < end && CLASSES[bytes[at]!]! & VALUE) at++;
  const isClosed = at + 1 < end && bytes[at] === CR && bytes[at + 1] === LF;
  if (!isClosed || !isNamed) return refuseLine(bytes, nameStart, at, end, isNamed, head);
  if (!takeField(bytes, nameStart, nameEnd, valueStart, at, head)) return -1;
  return at + 2;
}

/** Refuses a wrong line once it is complete, up to its LF: returns -1, or 0 while it is incomplete. */
function refuseLine(
  bytes: Uint8Array,
  start: number,
  at: number,
  end: number,
  isNamed: boolean,
  head: Head,
): -1 | 0 {
  const lf = indexOfLf(bytes, at, end);
  if (lf < 0) return 0;
  const first = bytes[start]!;
  const hasBadEnd = bytes[at] === CR || bytes[at] === LF;
  head.refusal = first === SPACE || first === TAB
    ? refusals.FOLDED
    : hasBadEnd && (bytes[at] === LF || bytes[at + 1] !== LF)
    ? refusals.BAD_END
    : isNamed
    ? refusals.BAD_VALUE
    : refusals.BAD_FIELD;
  return -1;
}

/** Stores what the service needs of a field. Returns false if the field is refused. */
function takeField(
  bytes: Uint8Array,
  nameStart: number,
  nameEnd: number,
  valueStart: number,
  valueEnd: number,
  head: Head,
): boolean {
  switch (nameEnd - nameStart) {
    case 4:
      if (!isNamed(bytes, nameStart, "host")) return true;
      [head.hostStart, head.hostEnd] = trimmed(bytes, valueStart, valueEnd);
      if (++head.hosts > 1) head.refusal = refusals.HOSTS;
      else if (!isHost(bytes, head.hostStart, head.hostEnd)) head.refusal = refusals.BAD_HOST;
      break;
    case 6:
      if (!isNamed(bytes, nameStart, "expect")) return true;
      head.expectsContinue = valueOf(bytes, valueStart, valueEnd).toLowerCase() === "100-continue";
      break;
    case 10:
      if (!isNamed(bytes, nameStart, "connection")) return true;
      for (const option of valueOf(bytes, valueStart, valueEnd).toLowerCase().split(",")) {
        const word = option.trim();
        if (word === "close") head.saysClose = true;
        else if (word === "keep-alive") head.saysKeepAlive = true;
      }
      break;
    case 14: {
      if (!isNamed(bytes, nameStart, "content-length")) return true;
      const text = valueOf(bytes, valueStart, valueEnd);
      const isNumber = /^[0-9]{1,15}$/.test(text) && head.contentLength < 0;
      if (isNumber) head.contentLength = Number(text);
      else head.refusal = refusals.BAD_LENGTH;
      break;
    }
    case 17:
      if (isNamed(bytes, nameStart, "transfer-encoding")) head.hasTransferEncoding = true;
  }
  return head.refusal === undefined;
}

/** Checks what depends on several fields. */
function conclude(head: Head): Reading {
  if (head.hosts === 0 && head.minor === 1) return refuse(head, refusals.NO_HOST);
  if (head.hasTransferEncoding && head.contentLength >= 0) return refuse(head, refusals.TWO_LENGTHS);
  if (head.hasTransferEncoding && head.minor === 0) return refuse(head, refusals.OLD_CODING);
  head.keepsAlive = !head.saysClose && (head.minor === 1 || head.saysKeepAlive);
  return WHOLE;
}

/** Whether the name at `start` is `lowercase`, ignoring case. Both must have the same length. */
function isNamed(bytes: Uint8Array, start: number, lowercase: string): boolean {
  for (let i = 0; i < lowercase.length; i++) {
    // The bit 0x20 makes letters lower case. No other byte that a token may contain becomes a letter by it.
    if ((bytes[start + i]! | 0x20) !== (lowercase.charCodeAt(i) | 0x20)) return false;
  }
  return true;
}

function valueOf(bytes: Uint8Array, start: number, end: number): string {
  return textOf(bytes, ...trimmed(bytes, start, end));
}

/** The last valid Host. Most requests have the same, so that a comparison replaces the regular expression. */
let knownHost = new Uint8Array(0);

function isHost(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start === knownHost.length) {
    let i = 0;
    while (i < knownHost.length && bytes[start + i] === knownHost[i]) i++;
    if (i === knownHost.length) return true;
  }
  if (!HOST.test(textOf(bytes, start, end))) return false;
  knownHost = bytes.slice(start, end);
  return true;
}

/** Returns all fields of a whole head, in order: names as received, values without the space around them. */
export function fieldsOf(bytes: Uint8Array, { fieldsStart, end }: Head): [name: string, value: string][] {
  const lines = textOf(bytes, fieldsStart, end).split("\r\n").slice(0, -2);
  return lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, "")];
  });
}
