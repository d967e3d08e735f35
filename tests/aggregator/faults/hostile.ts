/**
 * Datagrams as an attacker would send them: just inside and just outside of each limit of the format, of
 * UTF-8, of numbers and of a datagram's size.
 *
 * @module
 */
import fc from "fast-check";
import { accepted, rejected } from "../../support/messages/message_tables.ts";
import { datagram } from "../../support/messages/message_arbitraries.ts";

/**
 * The largest payload of a UDP datagram over IPv4, and how much of it the service reads by default; in bytes.
 */
const UDP_BYTES_MAX = 65_507;
const READ_BYTES_MAX = 8192;

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const withExtra = (extra: string): string => `{"A1":1,"x":${extra},"A2":2,"A3":3}`;

/** Repeats `text`, and cuts the result to this many bytes. */
const fillTo = (bytes: number, text: string): Uint8Array =>
  encode(text.repeat(Math.ceil(bytes / text.length))).subarray(0, bytes);

const NESTED = ["[", "{", '{"a":', '[{"a":', '{"A1":[', "[[[[{}],", '"', '\\"', '{"A1":1,'].flatMap((
  opening,
) => [
  fillTo(UDP_BYTES_MAX, opening),
  fillTo(READ_BYTES_MAX, opening),
]);

/** Text that begins like one object or array over several lines, but never becomes one. */
const BROKEN_OFF = ["{\n", "[\n", "[{}\n", "[{},\n", '{"A1":1,\n', "\n{", '{"A1":1,"A2":2,"A3":3}{\n']
  .flatMap((
    opening,
  ) => [
    fillTo(UDP_BYTES_MAX, opening),
    fillTo(READ_BYTES_MAX, opening),
    encode(opening.repeat(100)),
  ]);

const NESTED_VALID = [1, 10, 63, 64, 65, 255, 256, 257, 1000].flatMap((depth) => [
  withExtra("[".repeat(depth) + "]".repeat(depth)),
  withExtra('{"a":'.repeat(depth) + "0" + "}".repeat(depth)),
  withExtra('[{"A1":'.repeat(depth) + '"]}"' + "}]".repeat(depth)),
  withExtra("[".repeat(depth) + "}".repeat(depth)),
  withExtra("[".repeat(depth + 1) + "]".repeat(depth)),
]).map(encode);

const LONG = [
  ..."\n \0\r\t\xff{}\u2028".split("").map((character) => fillTo(UDP_BYTES_MAX, character)),
  ...[READ_BYTES_MAX - 1, READ_BYTES_MAX, READ_BYTES_MAX + 1, UDP_BYTES_MAX].flatMap((bytes) => [
    fillTo(bytes, "\r\n"),
    fillTo(bytes, '{"A1":1,"A2":2,"A3":3}\n'),
    fillTo(bytes, '{"A1":1,"A2":2,"A3":3} '),
    encode('{"A1":1,"A2":2,"A3":3}'.padEnd(bytes, " ")),
    encode('{"A1":1,"A2":2,"A3":3,"x":"'.padEnd(bytes - 2, "é") + '"}').subarray(0, bytes),
  ]),
  encode(withExtra(`"${"\\u0041".repeat(1000)}"`)),
  encode(`{${'"A1":1,'.repeat(500)}"A2":2,"A3":3}`),
  encode(`{"${"k".repeat(7000)}":0,"A1":1,"A2":2,"A3":3}`),
  ...["9".repeat(8000), `0.${"0".repeat(7900)}1`, `${"9".repeat(4000)}e-4000`, `1${"0".repeat(500)}e-500`]
    .map((number) => encode(`{"A1":${number},"A2":2,"A3":3}`)),
];

/**
 * Integers just below, at and just above each limit: of the fast path's digits, float64, int64 and uint64.
 */
const NUMBERS = [
  0n,
  10n ** 9n,
  2n ** 31n,
  2n ** 32n,
  10n ** 15n,
  2n ** 53n,
  10n ** 18n,
  2n ** 63n,
  2n ** 64n,
  10n ** 30n,
]
  .flatMap((limit) => [limit - 1n, limit, limit + 1n])
  .flatMap((number) => [number, -number])
  .flatMap((number) => [`${number}`, `${number}.0`, `${number}e0`, `${number}0e-1`, `${number}.5`])
  .flatMap((number) => [1, 2, 3].map((at) => encode(`{"A1":1,"A2":2,"A3":3,"A${at}":${number}}`)));

/** Byte sequences, most of them invalid in UTF-8 (RFC 3629): in a string, in a key and outside of both. */
const UTF8 = [
  "80",
  "bf",
  "c0 80",
  "c1 bf",
  "c2",
  "c2 41",
  "e0 80 80",
  "e0 9f bf",
  "ed a0 80",
  "ed bf bf",
  "ef bb bf",
]
  .concat(
    "f0 80 80 80",
    "f0 8f bf bf",
    "f4 90 80 80",
    "f5 80 80 80",
    "ff",
    "fe",
    "e2 82",
    "f0 9f 98",
    "c3 a9",
    "f0 9f 98 80",
  )
  .map((hex) => hex.split(" ").map((byte) => parseInt(byte, 16)))
  .flatMap((bytes) =>
    [['{"A1":1,"A2":2,"A3":3,"x":"', '"}'], ['{"', '":0,"A1":1,"A2":2,"A3":3}'], [
      '{"A1":1,"A2":2,"A3":3}',
      "",
    ], ["", "{}"]].map(
      ([before, after]) => Uint8Array.from([...encode(before!), ...bytes, ...encode(after!)]),
    )
  );

const TABLES = [...accepted.map(([line]) => line), ...Object.values(rejected).flat()].map(encode);

/** All these datagrams. The last ones are random, but with a fixed seed: they are the same in each run. */
export const HOSTILE: readonly Uint8Array[] = [
  ...NESTED,
  ...BROKEN_OFF,
  ...NESTED_VALID,
  ...LONG,
  ...NUMBERS,
  ...UTF8,
  ...TABLES,
  ...fc.sample(datagram, { numRuns: 1000, seed: 20 }).filter((bytes) => bytes.length <= UDP_BYTES_MAX),
];
