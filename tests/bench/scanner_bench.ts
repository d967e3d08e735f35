/*
 * What messages cost. Each iteration of the first group scans 1,000 messages, so µs/iter is ns/message. Each
 * iteration of the second group scans one datagram as large as 1,000 plain messages, so the summary compares
 * costs per byte.
 */
import { Accumulator } from "../../src/aggregator/aggregate/partial.ts";
import { Batch, scanDatagram } from "../../src/aggregator/parse/scanner.ts";

const MESSAGES = 1000;

/** A linear congruential generator (Numerical Recipes), for the same input in every run. */
let state = 20261121;
function below(limit: number): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor(state / 2 ** 32 * limit);
}

const digits3 = () => 100 + below(900);
const digits5 = () => 10_000 + below(90_000);
const plain = () => `{"A1":${digits3()}, "A2":${digits5()}, "A3":${digits5()}}`;
const shuffles = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
const shuffled = () => {
  const members = [`"A1":${digits3()}`, `"A2":${digits5()}`, `"A3":${digits5()}`];
  return `{${shuffles[below(6)]!.map((index) => members[index]!).join(", ")}}`;
};
const anyLength = () => below(10 ** (1 + below(9)));
const wide = () => `92${digits5()}${digits5()}${digits5()}1`;

const kinds: Record<string, () => string> = {
  plain,
  spaced: () => `{ "A1" : ${digits3()} , "A2" : ${digits5()} , "A3" : ${digits5()} }`,
  shuffled,
  negative: () => `{"A1":-${digits3()}, "A2":-${digits5()}, "A3":-${digits5()}}`,
  "1 to 9 digits": () => `{"A1":${anyLength()}, "A2":${anyLength()}, "A3":${anyLength()}}`,
  extra: () => `{"host":"edge-7","A1":${below(9)},"A2":${below(9)},"A3":${below(9)}}`,
  "fractions and exponents": () => `{"A1":${digits3()}.0, "A2":${digits5()}e2, "A3":${digits5()}}`,
  "18 digits": () => `{"A1":${wide()}, "A2":${wide()}, "A3":${wide()}}`,
};

const into = new Accumulator();
const encoder = new TextEncoder();

for (const [name, kind] of Object.entries(kinds)) {
  const messages = Array.from({ length: MESSAGES }, () => encoder.encode(kind()));
  const batch = new Batch(messages.reduce((sum, datagram) => sum + datagram.length, 0));
  const ends: number[] = [];
  let end = 0;
  for (const datagram of messages) {
    batch.bytes.set(datagram, end);
    ends.push(end += datagram.length);
  }
  Deno.bench({
    name,
    group: "messages, one a datagram: µs/iter is ns/message",
    baseline: name === "plain",
    fn() {
      let start = 0;
      for (let i = 0; i < ends.length; i++) {
        const end = ends[i]!;
        scanDatagram(batch, start, end, false, into);
        start = end;
      }
    },
  });
}

const SIZE = MESSAGES * 35;
/** Returns lines that are SIZE bytes long together, or a little more. */
function lines(kind: () => string): string {
  let text = "";
  while (text.length < SIZE) text += `${kind()}\n`;
  return text;
}

const datagrams: Record<string, string> = {
  "plain lines": lines(plain),
  "lines of 18 digits": lines(() => `{"A1":${wide()}, "A2":-${wide()}, "A3":${wide()}}`),
  "lines with 1.0": lines(() => `{"A1":${digits3()}.0, "A2":${digits5()}.0, "A3":${digits5()}.0}`),
  "lines with 2e0": lines(() => `{"A1":${below(9)}e0, "A2":${below(9)}e0, "A3":${below(9)}e0}`),
  "lines with another key": lines(kinds["extra"]!),
  "lines with much white space": lines(kinds["spaced"]!),
  "lines in any order": lines(shuffled),
  "open brackets": `{"A":${"[".repeat(SIZE)}`,
  "nested arrays": `{"A":${"[".repeat(SIZE / 2)}${"]".repeat(SIZE / 2)}}`,
  "nested objects": `{"A":${'{"":'.repeat(SIZE / 5)}0${"}".repeat(SIZE / 5)}}`,
  "open braces": "{".repeat(SIZE),
  "empty lines": "\n".repeat(SIZE),
  "one-byte lines": "x\n".repeat(SIZE / 2),
  "brace lines": "{\n".repeat(SIZE / 2),
  "empty object lines": "{}\n".repeat(SIZE / 3),
  "messages on one line": Array.from({ length: MESSAGES }, plain).join(""),
  "an array of messages": `[${Array.from({ length: MESSAGES }, plain)}]`,
  "an array over lines": `[\n${Array.from({ length: MESSAGES }, plain).join(",\n")}\n]`,
  "an array that breaks off": `[${Array.from({ length: MESSAGES }, plain)}\n`,
  "arrays that break off": "[{}\n".repeat(SIZE / 4),
  "open bracket lines": "[\n".repeat(SIZE / 2),
  "one message over lines": `{\n${'"x":\n1,\n'.repeat(SIZE / 8)}"A1":1,\n"A2":1,\n"A3":1}`,
  "white space": `{${" ".repeat(SIZE)}}`,
  "text": `{"A":"${"a".repeat(SIZE)}"}`,
  "escapes": `{"A":"${"\\n".repeat(SIZE / 2)}"}`,
  "unicode escapes": `{"A":"${"\\u0041".repeat(SIZE / 6)}"}`,
  "two-byte text": `{"A":"${"é".repeat(SIZE / 2)}"}`,
  "four-byte text": `{"A":"${"😀".repeat(SIZE / 4)}"}`,
  "long number": `{"A1":${"9".repeat(SIZE)},"A2":1,"A3":1}`,
  "long exponent": `{"A1":1e-${"9".repeat(SIZE)},"A2":1,"A3":1}`,
  "duplicate keys": `{${'"A1":1e0,'.repeat(SIZE / 9)}"A2":1,"A3":1}`,
  "escaped keys": `{${'"\\u00411":1,'.repeat(SIZE / 12)}"A2":1,"A3":1}`,
  "short values": `{"A":[${"0,".repeat(SIZE / 2)}0]}`,
};

for (const [name, text] of Object.entries(datagrams)) {
  const batch = Batch.of(encoder.encode(text));
  Deno.bench({
    name,
    group: "datagrams of one size",
    baseline: name === "plain lines",
    fn: () => scanDatagram(batch, 0, batch.bytes.length, false, into),
  });
}
