import { type Accumulator, REASONS } from "../aggregate/partial.ts";

const MISSING_FIELD = REASONS.indexOf("missing_field");

/** {@linkcode scanWords} returns this for an object that it can't read, and then adds nothing. */
export const OTHER_FORM = 0;

/**
 * How many bytes after the end of a datagram must be readable, though they never count. scanLines checks the
 * end once per message, and the longest message it reads has 55 bytes.
 */
export const WORD_SLACK_BYTES = 64;

const enum Byte {
  Tab = 0x09,
  LineFeed = 0x0a,
  Return = 0x0d,
  Space = 0x20,
  Comma = 0x2c,
  Minus = 0x2d,
  Zero = 0x30,
  Colon = 0x3a,
  OpenBrace = 0x7b,
  CloseBrace = 0x7d,
}

/** Up to four bytes of a message as one little-endian number. */
const enum Word {
  /** `"A0"`, and the mask that turns `"A1"`, `"A2"` and `"A3"` into it. */
  Key = 0x22304122,
  KeyMask = 0xfffcffff,
  /** `0000` */
  Zeros = 0x30303030,
  /** `, "A` */
  NextMemberSpaced = 0x4122202c,
  /** Three bytes: `{"A` and `,"A`, then `1":`, `2":` and `3":`, and the mask that keeps three bytes. */
  ObjectStart = 0x41227b,
  NextMember = 0x41222c,
  Key1Rest = 0x3a2231,
  Key2Rest = 0x3a2232,
  Key3Rest = 0x3a2233,
  ThreeBytes = 0xffffff,
  /** Two bytes: `.0` and `e0`, the bit that turns `E0` into `e0`, and the mask that keeps two bytes. */
  PointZero = 0x302e,
  ExponentZero = 0x3065,
  LowerCase = 0x20,
  TwoBytes = 0xffff,
}

/** The bits of A1, A2 and A3: 1, 2 and 3. */
const ALL_FIELDS = 0b1110;

/** {@linkcode numberAt} returns this if it can't read a number. */
const NO_NUMBER = 0x7fffffff;
/** The place after the number that {@linkcode numberAt} has read. */
let numberEnd = 0;

/**
 * A hint whether readMembers is worth trying, set when {@linkcode scanWords} returns {@linkcode OTHER_FORM}:
 * false after an unknown key, true after most other causes, such as a long number. A missing colon leaves the
 * hint unchanged.
 */
export let isOtherNumber = false;

/**
 * The values of A1, A2 and A3, at index 1, 2 and 3. Index 0 takes the value of a key `A0`, which is not used.
 */
const values = new Int32Array(4);

/**
 * The fast path: adds up messages of the everyday form, up to the first message of another form. An everyday
 * message has A1, A2 and A3 in this order, each of at most 9 digits, with one space or none after a colon and
 * a comma.
 *
 *     {"A1":512, "A2":-30000, "A3":40000}\n{"A1":5, "A2":300, "A3":400, "A4":0}\n
 *     ^ `at`                               ^ returned: the first message of another form, or `end` or more
 *
 * It reads the three members without a loop, and adds up all messages at once when it stops. Measured: a
 * message takes 0.7 times as long as with {@linkcode scanWords} (`deno task bench --only scanner`).
 *
 * It reads fewer than {@linkcode WORD_SLACK_BYTES} bytes after `end`.
 */
export function scanLines(view: DataView, at: number, end: number, into: Accumulator): number {
  let messages = 0;
  let sum = 0;
  let max = -0x80000000;
  let min = 0x7fffffff;
  do {
    if ((view.getUint32(at, true) & Word.ThreeBytes) !== Word.ObjectStart) break;
    if ((view.getUint32(at + 3, true) & Word.ThreeBytes) !== Word.Key1Rest) break;
    const a1 = numberAt(view, at + 6);
    const a2 = a1 === NO_NUMBER ? NO_NUMBER : memberAt(view, numberEnd, Word.Key2Rest);
    const a3 = a2 === NO_NUMBER ? NO_NUMBER : memberAt(view, numberEnd, Word.Key3Rest);
    if (a3 === NO_NUMBER) break;
    let after = numberEnd;
    if (view.getUint8(after) !== Byte.CloseBrace || after >= end) break;
    after++;
    if (view.getUint8(after) === Byte.Return) after++;
    const next = after < end ? view.getUint8(after) : Byte.LineFeed;
    if (next === Byte.LineFeed) after++;
    else if (next !== Byte.OpenBrace) break;
    at = after;
    messages++;
    sum += a1;
    if (a2 > max) max = a2;
    if (a3 < min) min = a3;
  } while (at < end);
  if (messages > 0) into.addSmall(sum, max, min, messages);
  return at;
}

/**
 * Returns the value of the second or third member, or NO_NUMBER if the member has another key or form.
 *
 *     {"A1":512, "A2":-30000, "A3":40000}
 *              ^ `at`       ^ `numberEnd`
 *
 * @param keyRest the end of the key: Key2Rest or Key3Rest of {@linkcode Word}
 */
function memberAt(view: DataView, at: number, keyRest: number): number {
  const word = view.getUint32(at, true);
  if (word === Word.NextMemberSpaced) at++;
  else if ((word & Word.ThreeBytes) !== Word.NextMember) return NO_NUMBER;
  if ((view.getUint32(at + 3, true) & Word.ThreeBytes) !== keyRest) return NO_NUMBER;
  return numberAt(view, at + 6);
}

/**
 * Adds up one message of a form that is common, too, four bytes at a time: A1, A2 and A3 in any order and no
 * other key, each of at most 9 digits, perhaps with `.0` or `e0`. White space is allowed as in JSON, but at
 * most one space after a colon. It rejects `{}` as `missing_field`.
 *
 *     { "A3":40000.0,"A1" :512,"A2":-3e0 } \n
 *     ^ `at`                                 ^ returned: the next line
 *
 * It reads fewer than {@linkcode WORD_SLACK_BYTES} bytes after `end`. If a message goes on after `end`, it
 * returns OTHER_FORM.
 *
 * @returns one of these:
 * - the start of the next line (`end` + 1 after the last one), if the message and white space fill the line;
 * - the place of the first other byte that follows the message on its line;
 * - `~place`, which is negative, if the line is certainly not JSON: the place where that shows;
 * - {@linkcode OTHER_FORM}, if the slow path has to read the object.
 */
export function scanWords(view: DataView, at: number, end: number, into: Accumulator): number {
  let seen = 0;
  let byte: number;
  for (;;) {
    let key = view.getUint32(++at, true);
    // Serializers write one space or none, so that is checked first.
    if ((key & 0xff) === Byte.Space) key = view.getUint32(++at, true);
    if ((key & 0xff) <= Byte.Space) key = view.getUint32(at = skipSpace(view, at, end), true);
    if ((key & Word.KeyMask) !== Word.Key) {
      isOtherNumber = false;
      return seen === 0 ? scanKeyless(view, at, end, into) : OTHER_FORM;
    }
    byte = view.getUint8(at += 4);
    if (byte !== Byte.Colon) {
      if (byte === Byte.Space) byte = view.getUint8(++at);
      if (byte !== Byte.Colon) byte = view.getUint8(at = skipSpace(view, at, end));
      if (byte !== Byte.Colon) return OTHER_FORM;
    }
    const value = numberAt(view, at + 1);
    if (value === NO_NUMBER) return otherNumber();
    const field = (key >>> 16) & 3;
    values[field] = value;
    seen |= 1 << field;
    at = numberEnd;
    byte = view.getUint8(at);
    if (byte !== Byte.Comma) {
      if (byte === Byte.CloseBrace) break;
      if (byte > Byte.Space) byte = view.getUint8(at = skipZeroSuffix(view, at));
      if (byte === Byte.Space) byte = view.getUint8(++at);
      if (byte <= Byte.Space) byte = view.getUint8(at = skipSpace(view, at, end));
      if (byte !== Byte.Comma) break;
    }
    if (at >= end) break;
  }
  if (byte !== Byte.CloseBrace || at >= end || seen !== ALL_FIELDS) return otherNumber();
  into.addSmall(values[1]!, values[2]!, values[3]!);
  at++;
  // V8 inlines functions of at most 460 bytes of bytecode, and 920 bytes in all. To leave these to the common
  // case, rare cases have functions of their own.
  // Measured: a call that V8 does not inline takes 10 ns (`deno task bench --only scanner`).
  return at < end && view.getUint8(at) !== Byte.LineFeed ? afterSpace(view, at, end) : at + 1;
}

function otherNumber(): number {
  isOtherNumber = true;
  return OTHER_FORM;
}

/**
 * Handles `{` that is not followed by A1, A2 or A3. If the line ends there, it is not JSON. `{}` is rejected
 * as `missing_field`. Anything else is OTHER_FORM. Measured: a line of `{` or `{}` takes half as long as on
 * the slow path (`deno task bench --only scanner`, "brace lines", "empty object lines").
 */
function scanKeyless(view: DataView, at: number, end: number, into: Accumulator): number {
  if (at >= end || view.getUint8(at) === Byte.LineFeed) return ~at;
  if (view.getUint8(at) !== Byte.CloseBrace) return OTHER_FORM;
  into.reject(MISSING_FIELD);
  return afterSpace(view, at + 1, end);
}

/** Returns the start of the next line if only white space is left on this one; else the place of the rest. */
function afterSpace(view: DataView, at: number, end: number): number {
  at = skipSpace(view, at, end);
  return at < end && view.getUint8(at) !== Byte.LineFeed ? at : at + 1;
}

function skipSpace(view: DataView, at: number, end: number): number {
  for (; at < end; at++) {
    const byte = view.getUint8(at);
    if (byte !== Byte.Space && byte !== Byte.Tab && byte !== Byte.Return) break;
  }
  return at;
}

/**
 * Returns the integer at `at` if it has at most 9 digits; else NO_NUMBER. One space may precede it.
 *
 *     "A2":-30000,
 *          ^ `at` ^ `numberEnd`
 */
function numberAt(view: DataView, at: number): number {
  let byte = view.getUint8(at);
  if (byte === Byte.Space) byte = view.getUint8(++at);
  const negative = byte === Byte.Minus;
  if (negative) at++;
  const word = view.getUint32(at, true) ^ Word.Zeros;
  // A byte of `word` is 0 to 9 for a digit: its upper four bits are 0, before and after 6 is added. For any
  // other byte, they are not 0 in one of the two. After the first other byte, a carry may mark a digit too;
  // only the first mark counts.
  const nonDigits = (word | (word + 0x06060606)) & 0xf0f0f0f0;
  const leadingZero = (word & 0xff) === 0;
  let value: number;
  if (nonDigits !== 0) {
    const bits = 8 * ((31 - Math.clz32(nonDigits & -nonDigits)) >>> 3);
    if (bits === 0 || (leadingZero && bits > 8)) return NO_NUMBER;
    numberEnd = at + bits / 8;
    value = fourDigits(word << (32 - bits));
  } else {
    if (leadingZero) return NO_NUMBER;
    value = fourDigits(word);
    const stop = at + 10;
    for (at += 4; (byte = view.getUint8(at) ^ Byte.Zero) <= 9;) {
      if (++at === stop) return NO_NUMBER;
      value = (value * 10 + byte) | 0; // With `| 0`, V8 multiplies as int32, not as float64.
    }
    numberEnd = at;
  }
  // `| 0` rules out -0, so this is an int32.
  // Measured: a message takes 0.96 times the time (`deno task bench --only scanner`).
  return negative ? -value | 0 : value;
}

/** Returns the place after `.0`, `e0` or `E0`, none of which changes a number's value; else returns `at`. */
function skipZeroSuffix(view: DataView, at: number): number {
  const word = view.getUint32(at, true) & Word.TwoBytes;
  return word === Word.PointZero || (word | Word.LowerCase) === Word.ExponentZero ? at + 2 : at;
}

/** Returns the value of four digits, one per byte of `word` (0 to 9). The first digit is the lowest byte. */
function fourDigits(word: number): number {
  const pairs = (word & 0x00ff00ff) * 10 + ((word >>> 8) & 0x00ff00ff);
  return (pairs & 0xffff) * 100 + (pairs >>> 16);
}
