/**
 * A slow and simple reference for the parser, built on JSON.parse: it tells what should become of a datagram.
 */
import {
  emptyTotals,
  mergeTotals,
  type Reason,
  type Totals,
} from "../../../src/aggregator/aggregate/partial.ts";

const LINE_FEED = 0x0a;

/** What becomes of one message: its three integers, or the reason to reject it. */
export type Outcome = { A1: bigint; A2: bigint; A3: bigint } | Reason;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Judges one message with JSON.parse. */
export function judgeMessage(message: Uint8Array): Outcome {
  const sources = new Map<unknown, Record<string, string | undefined>>();
  let root: unknown;
  try {
    root = parseWithSource(withoutBackslashes(decoder.decode(message)), (holder, key, source) => {
      const own = sources.get(holder) ?? Object.create(null);
      sources.set(holder, own);
      own[key] = source;
    });
  } catch {
    return "syntax";
  }
  if (typeof root !== "object" || root === null || Array.isArray(root)) return "syntax";
  const fields = root as Record<string, unknown>;
  const keys = ["A1", "A2", "A3"] as const;
  if (!keys.every((key) => Object.hasOwn(fields, key))) return "missing_field";
  const values = keys.map((key) =>
    typeof fields[key] === "number" ? exactInteger(sources.get(root)![key]!) : undefined
  );
  if (values.includes(undefined)) return "not_integer";
  if (!values.every((value) => value === BigInt.asIntN(64, value!))) return "out_of_range";
  return { A1: values[0]!, A2: values[1]!, A3: values[2]! };
}

/**
 * Replaces every escaped backslash, which changes no outcome. It works around a bug: once V8's JSON.parse has
 * read a name with an escaped backslash, it takes other escaped names for that name, such as `A\u0032` after
 * `A\\` (github.com/nodejs/node/issues/63785).
 */
function withoutBackslashes(json: string): string {
  return json.replace(/\\(?:(\\|u005[cC])|[^])/g, (escape, backslash) => backslash ? "_" : escape);
}

/** JSON.parse with source text access (ECMAScript 2026), which TypeScript has no types for yet. */
function parseWithSource(
  text: string,
  visit: (holder: unknown, key: string, source: string | undefined) => void,
): unknown {
  const parse = JSON.parse as (
    text: string,
    reviver: (...args: [string, unknown, { source?: string }]) => unknown,
  ) => unknown;
  return parse(text, function (this: unknown, key, value, context) {
    visit(this, key, context.source);
    return value;
  });
}

/** Returns the integer of a JSON number; undefined for a fraction, 10^40 for numbers far out of range. */
function exactInteger(source: string): bigint | undefined {
  const [, sign, whole, fraction = "", exponent = "0"] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(
    source,
  )!;
  const digits = BigInt(`${sign}${whole}${fraction}`);
  const power = BigInt(exponent) - BigInt(fraction.length);
  if (digits === 0n) return 0n;
  if (power > 40n) return 10n ** 40n;
  if (power >= 0n) return digits * 10n ** power;
  if (-power > BigInt(source.length)) return undefined;
  const divisor = 10n ** -power;
  return digits % divisor === 0n ? digits / divisor : undefined;
}

/** Returns the totals of one accepted or rejected message. */
export function totalsOfOutcome(outcome: Outcome): Totals {
  const totals = emptyTotals();
  if (typeof outcome === "string") totals.rejected[outcome] = 1;
  else Object.assign(totals, { accepted: 1, sum: outcome.A1, max: outcome.A2, min: outcome.A3 });
  return totals;
}

/** Returns the totals that a scan of this datagram should give. */
export function judgeDatagram(bytes: Uint8Array, truncated: boolean): Totals {
  const totals = emptyTotals();
  totals.received = 1;
  const outcomes = (truncated ? undefined : judgeWhole(bytes)) ?? judgeLines(bytes, truncated);
  for (const outcome of outcomes) mergeTotals(totals, totalsOfOutcome(outcome));
  return totals;
}

/**
 * Judges a datagram that is one object or one array over several lines; returns undefined if it is neither.
 */
function judgeWhole(bytes: Uint8Array): Outcome[] | undefined {
  const first = linesOf(bytes).find((line) => skip(line, 0, BLANK) < line.length);
  if (first === undefined || parse(first) !== undefined) return undefined;
  const text = textAt(bytes, skip(bytes, 0, BLANK));
  return text && skip(bytes, text.end, BLANK) === bytes.length ? text.outcomes : undefined;
}

function judgeLines(bytes: Uint8Array, truncated: boolean): Outcome[] {
  const lines = linesOf(bytes);
  const last = lines.pop()!;
  const outcomes = lines.flatMap((line) => judgeLine(line, true));
  if (truncated) return [...outcomes, "truncated"];
  return last.length > 0 || lines.length === 0 ? [...outcomes, ...judgeLine(last, false)] : outcomes;
}

/** Judges one line, given without its line feed. `ended`: a line feed follows. */
export function judgeLine(line: Uint8Array, ended: boolean): Outcome[] {
  if (line.length === 0 || (ended && line.length === 1 && line[0] === 0x0d)) return ["empty"];
  const outcomes: Outcome[] = [];
  let at = skip(line, 0, SPACE);
  do {
    const text = textAt(line, at);
    if (text === undefined) return [...outcomes, "syntax"];
    outcomes.push(...text.outcomes);
    at = skip(line, text.end, SPACE);
  } while (at < line.length);
  return outcomes;
}

interface Text {
  outcomes: Outcome[];
  end: number;
}

/** Returns the object or array of objects that begins at `at`: the shortest text that JSON.parse accepts. */
export function textAt(bytes: Uint8Array, at: number): Text | undefined {
  if (bytes[at] !== 0x7b && bytes[at] !== 0x5b) return undefined;
  const closer = bytes[at]! + 2;
  for (let end = at + 1; end <= bytes.length; end++) {
    if (bytes[end - 1] !== closer || parse(bytes.subarray(at, end)) === undefined) continue;
    if (closer === 0x7d) return { outcomes: [judgeMessage(bytes.subarray(at, end))], end };
    const outcomes = judgeElements(bytes.subarray(at, end));
    return outcomes && { outcomes, end };
  }
  return undefined;
}

/** Judges the elements of a valid array; returns undefined if it is empty or an element is not an object. */
function judgeElements(array: Uint8Array): Outcome[] | undefined {
  const outcomes: Outcome[] = [];
  let at = 0;
  do {
    at = skip(array, at + 1, BLANK);
    const element = array[at] === 0x7b ? textAt(array, at) : undefined;
    if (element === undefined) return undefined;
    outcomes.push(...element.outcomes);
    at = skip(array, element.end, BLANK);
  } while (array[at] === 0x2c);
  return outcomes;
}

const SPACE = new Set([0x20, 0x09, 0x0d]);
const BLANK = new Set([...SPACE, LINE_FEED]);

function skip(bytes: Uint8Array, at: number, what: ReadonlySet<number>): number {
  while (at < bytes.length && what.has(bytes[at]!)) at++;
  return at;
}

function linesOf(bytes: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  let start = 0;
  for (const [at, byte] of bytes.entries()) {
    if (byte !== LINE_FEED) continue;
    lines.push(bytes.subarray(start, at));
    start = at + 1;
  }
  return [...lines, bytes.subarray(start)];
}

/** Returns the result of JSON.parse in an array of one; undefined if the bytes are not JSON in UTF-8. */
function parse(bytes: Uint8Array): [unknown] | undefined {
  try {
    return [JSON.parse(decoder.decode(bytes))];
  } catch {
    return undefined;
  }
}
