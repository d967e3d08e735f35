/*
 * The last of the four readers (see scanner.ts): reads any object byte by byte. It accepts what `JSON.parse`
 * accepts, but builds no values. It never recurses and never throws. It allocates only when a message is
 * nested deeper than all before: a byte per level.
 *
 * Every function here that reads or skips returns the place where it stopped. If a rule of JSON is broken
 * there, it returns the complement of the place (`~at`, always negative). A line feed ends a line, so it is
 * white space only if the caller says so.
 */

/**
 * ASCII. A `const enum`, because V8 loads an imported or exported constant from memory and does not know its
 * type.
 */
const enum Byte {
  Tab = 0x09,
  LineFeed = 0x0a,
  Return = 0x0d,
  Space = 0x20,
  Quote = 0x22,
  Plus = 0x2b,
  Comma = 0x2c,
  Minus = 0x2d,
  Point = 0x2e,
  Zero = 0x30,
  Colon = 0x3a,
  A = 0x41,
  OpenBracket = 0x5b,
  Backslash = 0x5c,
  CloseBracket = 0x5d,
  a = 0x61,
  e = 0x65,
  f = 0x66,
  t = 0x74,
  u = 0x75,
  OpenBrace = 0x7b,
  CloseBrace = 0x7d,
  /** The bit that turns an ASCII letter into lower case. */
  LowerCase = 0x20,
}

/** Where A1, A2 and A3 have their values in the object last read; {@linkcode MISSING} for a missing key. */
export const fieldAt = new Int32Array(3);
export const MISSING = -1;

/** A stack: the closing bytes of all open containers but the innermost one. Index 0 is not used. */
let closers = new Uint8Array(256);

/** A fourth byte that is white space: the line feed if an object may span lines, else the space once more. */
let extraSpace: number = Byte.Space;

/**
 * Reads a JSON object (RFC 8259) in UTF-8, and notes in {@linkcode fieldAt} where the values of its A1, A2
 * and A3 begin. Keys of nested objects don't count. Of repeated keys the last one counts, as in `JSON.parse`.
 *
 *     {"host":"edge-7", "A1":5, "A2":300, "A3":400} \n
 *     ^ `start`              ^ fieldAt[0]           ^ returned
 *
 * @param overLines whether the object may span lines
 * @returns the place after the object and white space, whatever follows there; or `~place` where a rule
 * is broken: the place of the line feed, if the object is only cut off by the end of its line
 */
export function readObject(bytes: Uint8Array, start: number, end: number, overLines: boolean): number {
  extraSpace = overLines ? Byte.LineFeed : Byte.Space;
  fieldAt[0] = fieldAt[1] = fieldAt[2] = MISSING;
  let at = skipSpace(bytes, start, end);
  if (at === end || bytes[at] !== Byte.OpenBrace) return ~at;
  at++;
  let stack = closers;
  let depth = 1;
  let closer = Byte.CloseBrace;
  let opened = true;
  for (;;) {
    at = skipSpace(bytes, at, end);
    if (at === end) return ~at;
    let byte = bytes[at]!;
    if (byte === Byte.OpenBracket && closer === Byte.CloseBracket) {
      // Brackets nest deepest per byte. Measured: 1.9 ns per byte, and 3.0 ns without this loop
      // (`deno task bench --only scanner`, "open brackets").
      do {
        if (depth === stack.length) stack = grow();
        stack[depth++] = closer;
        at++;
      } while (at < end && bytes[at] === Byte.OpenBracket);
      opened = true;
      continue;
    }
    if (!opened || byte !== closer) {
      if (closer === Byte.CloseBrace) {
        const keyAt = at;
        at = readKey(bytes, keyAt, end);
        if (at < 0) return at;
        if (depth === 1) noteField(bytes, keyAt, at);
        byte = bytes[at]!;
      }
      if (byte === Byte.OpenBrace || byte === Byte.OpenBracket) {
        if (depth === stack.length) stack = grow();
        stack[depth++] = closer;
        closer = byte + 2; // In ASCII, `]` is `[` + 2, and `}` is `{` + 2.
        opened = true;
        at++;
        continue;
      }
      at = closer === Byte.CloseBracket ? readScalars(bytes, at, end) : readScalar(bytes, at, end);
      if (at < 0) return at;
      at = skipSpace(bytes, at, end);
    }
    while (at < end && bytes[at] === closer) {
      at = skipSpace(bytes, at + 1, end);
      if (--depth === 0) return at;
      closer = stack[depth]!;
    }
    if (at === end || bytes[at] !== Byte.Comma) return ~at;
    opened = false;
    at++;
  }
}

/** Doubles the stack, and returns it. */
function grow(): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(closers.length * 2);
  larger.set(closers);
  return closers = larger;
}

/** Skips white space. This function and isDigit are not exported: V8 calls exported ones more slowly. */
function skipSpace(bytes: Uint8Array, at: number, end: number): number {
  while (at < end && bytes[at]! <= Byte.Space) {
    const byte = bytes[at];
    if (byte !== Byte.Space && byte !== Byte.Tab && byte !== Byte.Return && byte !== extraSpace) break;
    at++;
  }
  return at;
}

/** Reads `"key":` and the white space around the colon. Returns the value's place, which is before `end`. */
function readKey(bytes: Uint8Array, at: number, end: number): number {
  if (bytes[at] !== Byte.Quote) return ~at;
  at = readString(bytes, at + 1, end);
  if (at < 0) return at;
  at = skipSpace(bytes, at, end);
  if (at === end || bytes[at] !== Byte.Colon) return ~at;
  at = skipSpace(bytes, at + 1, end);
  return at === end ? ~at : at;
}

/**
 * Notes the place of a value in {@linkcode fieldAt} if its key is A1, A2 or A3, written with escapes or
 * without.
 *
 *     "\u00411" : 5
 *     ^ `keyAt`   ^ `valueAt`
 */
function noteField(bytes: Uint8Array, keyAt: number, valueAt: number): void {
  const digitAt = keyAt + (bytes[keyAt + 1] === Byte.Backslash ? 7 : 2);
  if (codeUnitAt(bytes, keyAt + 1) !== Byte.A || bytes[digitAt] === Byte.Quote) return;
  const field = codeUnitAt(bytes, digitAt) - Byte.Zero - 1;
  const closeAt = digitAt + (bytes[digitAt] === Byte.Backslash ? 6 : 1);
  if (field >= 0 && field < 3 && bytes[closeAt] === Byte.Quote) fieldAt[field] = valueAt;
}

/** Returns the byte at `at` in a valid string, or the code unit of a `\uXXXX`; NaN for other escapes. */
function codeUnitAt(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== Byte.Backslash) return bytes[at]!;
  if (bytes[at + 1] !== Byte.u) return NaN;
  let unit = 0;
  for (let i = at + 2; i < at + 6; i++) unit = unit * 16 + hexDigit(bytes[i]!);
  return unit;
}

/**
 * Reads elements of an array, up to a container or white space. Measured: without this loop, an array of `0,`
 * takes twice as long (`deno task bench --only scanner`, "short values").
 */
function readScalars(bytes: Uint8Array, at: number, end: number): number {
  for (;;) {
    at = readScalar(bytes, at, end);
    if (at < 0 || end - at < 2 || bytes[at] !== Byte.Comma) return at;
    const byte = bytes[at + 1]!;
    if (byte <= Byte.Space || byte === Byte.OpenBracket || byte === Byte.OpenBrace) return at;
    at++;
  }
}

function readScalar(bytes: Uint8Array, at: number, end: number): number {
  if (bytes[at] === Byte.Quote) return readString(bytes, at + 1, end);
  return bytes[at]! < Byte.Colon ? readNumber(bytes, at, end) : readLiteral(bytes, at, end);
}

const encoder = new TextEncoder();
const TRUE = encoder.encode("true");
const FALSE = encoder.encode("false");
const NULL = encoder.encode("null");

function readLiteral(bytes: Uint8Array, at: number, end: number): number {
  const literal = bytes[at] === Byte.t ? TRUE : bytes[at] === Byte.f ? FALSE : NULL;
  if (end - at < literal.length) return ~at;
  for (let i = 0; i < literal.length; i++) if (bytes[at + i] !== literal[i]) return ~at;
  return at + literal.length;
}

/** 1 for a byte that stands for itself in a string: ASCII without control characters, quote and backslash. */
const PLAIN_TEXT = Uint8Array.from(
  { length: 256 },
  (_, byte) => byte >= Byte.Space && byte < 0x80 && byte !== Byte.Quote && byte !== Byte.Backslash ? 1 : 0,
);

/** Reads a string. `at` is the place after its opening quote; returns the place after its closing quote. */
function readString(bytes: Uint8Array, at: number, end: number): number {
  for (;;) {
    while (at < end && PLAIN_TEXT[bytes[at]!] === 1) at++;
    if (at === end) return ~at;
    if (bytes[at] === Byte.Quote) return at + 1;
    at = bytes[at] === Byte.Backslash ? readEscape(bytes, at, end) : readMultibyte(bytes, at, end);
    if (at < 0) return at;
  }
}

/** 1 for a byte that forms an escape of two characters with a backslash, such as `\n`. */
const ESCAPES = new Uint8Array(256);
for (const byte of encoder.encode('"\\/bfnrt')) ESCAPES[byte] = 1;

function readEscape(bytes: Uint8Array, at: number, end: number): number {
  if (end - at < 2) return ~at;
  const byte = bytes[at + 1]!;
  if (ESCAPES[byte] === 1) return at + 2;
  if (byte !== Byte.u || end - at < 6) return ~at;
  const valid = (hexDigit(bytes[at + 2]!) | hexDigit(bytes[at + 3]!) | hexDigit(bytes[at + 4]!) |
    hexDigit(bytes[at + 5]!)) >= 0;
  return valid ? at + 6 : ~at;
}

/** Returns the value of a hexadecimal digit, or -1 for any other byte. */
function hexDigit(byte: number): number {
  if (isDigit(byte)) return byte - Byte.Zero;
  const letter = (byte | Byte.LowerCase) - Byte.a;
  return letter >= 0 && letter < 6 ? letter + 10 : -1;
}

/**
 * Reads one character beyond ASCII by RFC 3629, section 4: nothing overlong, no surrogate, none above
 * U+10FFFF.
 */
function readMultibyte(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at]!;
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (lead < 0xc2 || lead > 0xf4 || end - at < length) return ~at;
  const second = bytes[at + 1]!;
  const lowest = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const highest = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < lowest || second > highest) return ~at;
  for (let i = at + 2; i < at + length; i++) if ((bytes[i]! & 0xc0) !== 0x80) return ~at;
  return at + length;
}

/** Reads a number (RFC 8259, section 6). Returns `~place` if there is none. */
export function readNumber(bytes: Uint8Array, at: number, end: number): number {
  if (bytes[at] === Byte.Minus) at++;
  if (at < end && bytes[at] === Byte.Zero) at++;
  else at = readDigits(bytes, at, end);
  if (at >= 0 && at < end && bytes[at] === Byte.Comma) return at;
  if (at >= 0 && at < end && bytes[at] === Byte.Point) at = readDigits(bytes, at + 1, end);
  if (at >= 0 && at < end && (bytes[at]! | Byte.LowerCase) === Byte.e) {
    const signed = at + 1 < end && (bytes[at + 1] === Byte.Plus || bytes[at + 1] === Byte.Minus);
    at = readDigits(bytes, signed ? at + 2 : at + 1, end);
  }
  return at;
}

/** Reads one digit or more. */
function readDigits(bytes: Uint8Array, at: number, end: number): number {
  const start = at;
  while (at < end && isDigit(bytes[at]!)) at++;
  return at > start ? at : ~at;
}

/** Digits are 0x30 to 0x39 in ASCII. */
function isDigit(byte: number): boolean {
  return (byte ^ Byte.Zero) <= 9;
}
