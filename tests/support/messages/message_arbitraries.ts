/** Arbitraries for fast-check: messages and datagrams, intact and damaged, as reference_parser.ts judges. */
import fc from "fast-check";

const encoder = new TextEncoder();

/** The limits of the fast path's digits, of float64 and of int64. */
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

/** An integer in any notation: 120 as `1.20e2`, `12000e-2`, `120.0`. */
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

/** Several messages on a line, one after the other or in an array; sometimes with text that is no message. */
const messages: fc.Arbitrary<string> = fc.tuple(
  fc.array(fc.tuple(space, message, space), { minLength: 1, maxLength: 3 }),
  fc.constantFrom(["", "", ""], ["", "", ""], ["[", ",", "]"], ["[", ",", "]"], ["", ",", ""], [
    "[",
    ",",
    "",
  ]),
  fc.constantFrom("", "", "", "", " ", "x", ",", "]", "[]", "[{}]", "1"),
).map(([parts, [open, between, close], rest]) =>
  `${open}${parts.map((part) => part.join("")).join(between)}${close}${rest}`
);

/** A text over several lines, as by a pretty printer; also within strings, where that is a syntax error. */
const laidOut: fc.Arbitrary<string> = fc.tuple(
  fc.oneof({ weight: 3, arbitrary: message }, { weight: 1, arbitrary: messages }),
  fc.constantFrom("\n", "\n  ", "\r\n\t"),
  fc.array(fc.nat(5), { minLength: 4, maxLength: 4 }),
  fc.constantFrom("", "", "\n", " \n\r\n"),
).map(([text, lineEnd, seldom, before]) => {
  let i = 0;
  return before + text.replace(/[{}[\],:]/g, (mark) => {
    if (seldom[i++ % seldom.length] === 0) return mark;
    return /[}\]]/.test(mark) ? lineEnd + mark : mark + lineEnd;
  });
});

type Damage = (bytes: Uint8Array) => Uint8Array;
const join = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));
const place = fc.nat(1_000_000);

/** Damage in transit: one byte changed, the end cut off, bytes inserted, a slice doubled, or a slice lost. */
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

/** A datagram: lines with either line end, or text laid out over several lines; intact or damaged. */
export const datagram: fc.Arbitrary<Uint8Array> = fc.tuple(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.array(
        fc.tuple(
          fc.oneof({ weight: 4, arbitrary: message }, { weight: 1, arbitrary: messages }),
          fc.constantFrom("\n", "\n", "\r\n"),
        ),
        { maxLength: 4 },
      ),
    },
    {
      weight: 1,
      arbitrary: fc.array(fc.tuple(laidOut, fc.constantFrom("\n", "\n\n")), { minLength: 1, maxLength: 2 }),
    },
  ),
  fc.boolean(),
  fc.oneof(
    { weight: 1, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(damage, { minLength: 1, maxLength: 2 }) },
  ),
).map(([lines, trailing, damages]) => {
  const text = lines.map(([line, end], i) => i < lines.length - 1 || trailing ? line + end : line).join("");
  return damages.reduce<Uint8Array>((bytes, damage) => damage(bytes), encoder.encode(text));
});
