/** Messages, whole and damaged, for fast-check; and what should become of them, worked out the slow and plain way. */
import fc from "fast-check";
import { emptyTotals, mergeTotals, type Reason, type Totals } from "../../src/aggregator/partial.ts";

const encoder = new TextEncoder();
const LINE_FEED = 0x0a;

/** The integers at which something changes: the digits of the fast path, float64, int64. */
const boundaries = [0n, 9n, 10n ** 9n, 10n ** 15n, 2n ** 53n, 10n ** 18n, 2n ** 63n, 10n ** 19n];

export const integer: fc.Arbitrary<bigint> = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: -99_999, max: 99_999 }).map(BigInt) },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom(...boundaries), fc.integer({ min: -2, max: 2 }), fc.boolean()).map(
      ([boundary, offset, negative]) => (boundary + BigInt(offset)) * (negative ? -1n : 1n),
    ),
  },
  { weight: 1, arbitrary: fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }) },
);

/** An int64, mostly near a boundary. */
export const int64: fc.Arbitrary<bigint> = integer.map((value) => BigInt.asIntN(64, value));

/** The same number, its digits written out with a point and an exponent: 120 as `1.20e2`, `12000e-2`, `120.0`. */
const numberForm: fc.Arbitrary<string> = fc.tuple(
  integer,
  fc.nat(25),
  fc.nat(25),
  fc.constantFrom("e", "E", "e+", "E+"),
).map(([value, zeros, fractionDigits, e]) => {
  const digits = `${value < 0n ? -value : value}`.padStart(fractionDigits + 1, "0") + "0".repeat(zeros);
  const point = digits.length - fractionDigits;
  const fraction = fractionDigits > 0 ? `.${digits.slice(point)}` : "";
  const exponent = fractionDigits - zeros;
  const suffix = exponent === 0 ? "" : exponent < 0 ? `e${exponent}` : `${e}${exponent}`;
  return `${value < 0n ? "-" : ""}${digits.slice(0, point)}${fraction}${suffix}`;
});

const oddValues = [
  ...["-0", "-0.0", "0e999999999", "1.5", "1e-400", "1e400", "1e-1", "0.1e1", "123e-2", "-1E3"],
  ...[
    "9.223372036854775807e18",
    "-9223372036854775808.0",
    "1e99999999999999999999",
    "0.000e-99999999999999999999",
  ],
  ...["01", "-", "+1", "1.", ".5", "1e", "1e+", "NaN", "Infinity", "-01", "0x1", "1_0", "--1", "1 2"],
  ...[
    "null",
    "true",
    "false",
    "nul",
    "True",
    '"1"',
    '""',
    '"\\ud800"',
    '"\\x"',
    '"é😀"',
    '"\t"',
    "[]",
    "{}",
    "[1,]",
  ],
  ...['{"A1":5}', '[{"A2":[[]]},"]"]', "[", "{", "]", "}", "\ufeff", ""],
];

const value: fc.Arbitrary<string> = fc.oneof(
  { weight: 20, arbitrary: integer.map(String) },
  { weight: 3, arbitrary: numberForm },
  { weight: 1, arbitrary: fc.constantFrom(...oddValues) },
);
const otherKey = fc.constantFrom(
  ...[
    "A",
    "A0",
    "A4",
    "a1",
    "A11",
    "A1 ",
    "",
    "host",
    "é",
    "__proto__",
    "\\u00412x",
    "\\n1",
    "A\\/",
    "\\u0041",
  ],
);
const key = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom("A1", "A2", "A3") },
  { weight: 1, arbitrary: fc.constantFrom("\\u00411", "A\\u0032", "\\u0041\\u0033") },
  { weight: 1, arbitrary: otherKey },
);
const space = fc.oneof(
  { weight: 6, arbitrary: fc.constant("") },
  { weight: 2, arbitrary: fc.constant(" ") },
  { weight: 1, arbitrary: fc.constantFrom("\t", "\r", "  ", " \r\t ") },
);

const anyMember = fc.tuple(space, key, space, space, value, space).map(
  ([a, key, b, c, value, d]) => `${a}"${key}"${b}:${c}${value}${d}`,
);
const allMembers = fc.tuple(
  fc.shuffledSubarray(["A1", "A2", "A3"], { minLength: 3 }),
  fc.array(fc.tuple(space, value, space), { minLength: 3, maxLength: 3 }),
).map(([keys, values]) => keys.map((key, i) => `${values[i]![0]}"${key}":${values[i]![1]}${values[i]![2]}`));

/** A line: mostly a valid message. */
export const message: fc.Arbitrary<string> = fc.oneof(
  { weight: 9, arbitrary: fc.tuple(allMembers, space).map(([members, space]) => `{${members}}${space}`) },
  {
    weight: 2,
    arbitrary: fc.tuple(allMembers, fc.array(anyMember, { maxLength: 2 })).map(([all, more]) =>
      `{${[...more, ...all, ...more]}}`
    ),
  },
  { weight: 2, arbitrary: fc.array(anyMember, { maxLength: 5 }).map((members) => `{${members}}`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("", "\r", " ", "[]", "null", "{", "}", "{}", '{"', "\ufeff{}", "x"),
  },
);

type Damage = (bytes: Uint8Array) => Uint8Array;
const join = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));
const place = fc.nat(1_000_000);

/** What can befall bytes under way: one changed, the end cut off, some put in, a slice doubled, a slice lost. */
const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.tuple(place, fc.nat(255)).map(([at, byte]): Damage => (bytes) =>
    bytes.map((was, i) => i === at % bytes.length ? byte : was)
  ),
  place.map((at): Damage => (bytes) => bytes.subarray(0, at % (bytes.length + 1))),
  fc.tuple(place, fc.uint8Array({ maxLength: 4 })).map(([at, more]): Damage => (bytes) => {
    const cut = at % (bytes.length + 1);
    return join(bytes.subarray(0, cut), more, bytes.subarray(cut));
  }),
  fc.tuple(place, place, fc.boolean()).map(([from, to, twice]): Damage => (bytes) => {
    const [first, last] = [from % (bytes.length + 1), to % (bytes.length + 1)];
    return twice
      ? join(bytes.subarray(0, Math.max(first, last)), bytes.subarray(Math.min(first, last)))
      : join(bytes.subarray(0, Math.min(first, last)), bytes.subarray(Math.max(first, last)));
  }),
);

/** Some lines, with either line end, as they were sent or damaged. */
export const datagram: fc.Arbitrary<Uint8Array> = fc.tuple(
  fc.array(fc.tuple(message, fc.constantFrom("\n", "\n", "\r\n")), { maxLength: 4 }),
  fc.boolean(),
  fc.oneof(
    { weight: 1, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(damage, { minLength: 1, maxLength: 2 }) },
  ),
).map(([lines, trailing, damages]) => {
  const text = lines.map(([line, end], i) => i < lines.length - 1 || trailing ? line + end : line).join("");
  return damages.reduce<Uint8Array>((bytes, damage) => damage(bytes), encoder.encode(text));
});

/** What becomes of one message: its three integers, or the reason to reject it. */
export type Outcome = { A1: bigint; A2: bigint; A3: bigint } | Reason;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Judges one line by JSON.parse. It has no line feed, and `ended` says if one follows. */
export function judgeLine(line: Uint8Array, ended: boolean): Outcome {
  if (line.length === 0 || (ended && line.length === 1 && line[0] === 0x0d)) return "empty";
  const sources = new Map<unknown, Record<string, string | undefined>>();
  let root: unknown;
  try {
    root = parseWithSource(withoutBackslashes(decoder.decode(line)), (holder, key, source) => {
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
 * The text with no backslash in any name, which changes no outcome. Once it has seen one, V8's JSON.parse reads other
 * escaped names as that one: `A\u0032` after `A\\` (github.com/nodejs/node/issues/63785).
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

/** The integer that a JSON number is, undefined for a fraction. Beyond 10^40 any number will do: here, 10^40. */
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

/** Totals of one message or refusal. */
export function totalsOfOutcome(outcome: Outcome): Totals {
  const totals = emptyTotals();
  if (typeof outcome === "string") totals.rejected[outcome] = 1;
  else Object.assign(totals, { accepted: 1, sum: outcome.A1, max: outcome.A2, min: outcome.A3 });
  return totals;
}

/** What scanning a datagram should come to. */
export function judgeDatagram(bytes: Uint8Array, truncated: boolean): Totals {
  const totals = emptyTotals();
  totals.received = 1;
  const ends = [...bytes.keys()].filter((at) => bytes[at] === LINE_FEED);
  let start = 0;
  for (const end of ends) {
    mergeTotals(totals, totalsOfOutcome(judgeLine(bytes.subarray(start, end), true)));
    start = end + 1;
  }
  if (truncated) mergeTotals(totals, totalsOfOutcome("truncated"));
  else if (start < bytes.length || ends.length === 0) {
    mergeTotals(totals, totalsOfOutcome(judgeLine(bytes.subarray(start), false)));
  }
  return totals;
}
