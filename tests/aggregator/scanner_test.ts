import assert from "node:assert/strict";
import fc from "fast-check";
import {
  Accumulator,
  emptyTotals,
  mergeTotals,
  type Totals,
  totalsOf,
} from "../../src/aggregator/partial.ts";
import { Batch, scanDatagram } from "../../src/aggregator/scanner.ts";
import { accepted, rejected } from "../support/message_tables.ts";
import { datagram, judgeDatagram, type Outcome, totalsOfOutcome } from "../support/messages.ts";

const encoder = new TextEncoder();

/** Scans a datagram that lies between other bytes, which would go on with a message if they were read. */
function scan(
  datagram: string | Uint8Array,
  truncated = false,
  after = '0}\n{"A1":7,"A2":7,"A3":7}\n',
): Totals {
  const bytes = typeof datagram === "string" ? encoder.encode(datagram) : datagram;
  const before = encoder.encode('{"A1":7,"A2":7,"A3":7}\n{"A1":7,"A2":7,"A3":7');
  const around = new Uint8Array(before.length + bytes.length + after.length);
  around.set(before);
  around.set(bytes, before.length);
  around.set(encoder.encode(after), before.length + bytes.length);
  const into = new Accumulator();
  scanDatagram(Batch.of(around), before.length, before.length + bytes.length, truncated, into);
  const alone = new Accumulator();
  scanDatagram(Batch.of(bytes), 0, bytes.length, truncated, alone);
  const totals = totalsOf(into.take());
  assert.deepEqual(totals, totalsOf(alone.take()), "what surrounds a datagram makes no difference");
  return totals;
}

function expected(...outcomes: Outcome[]): Totals {
  const totals = emptyTotals();
  totals.received = 1;
  for (const outcome of outcomes) mergeTotals(totals, totalsOfOutcome(outcome));
  return totals;
}

const of = (A1: bigint, A2: bigint, A3: bigint): Outcome => ({ A1, A2, A3 });
const one = of(1n, 2n, 3n);
Deno.test({
  name: "a message is accepted with its exact integers",
  permissions: "none",
  fn() {
    for (const [line, A1, A2, A3] of accepted) assert.deepEqual(scan(line), expected(of(A1, A2, A3)), line);
  },
});

Deno.test({
  name: "a message is rejected for the first reason that applies",
  permissions: "none",
  fn() {
    for (const [reason, lines] of Object.entries(rejected)) {
      for (const line of lines) assert.deepEqual(scan(line), expected(reason as Outcome), line);
    }
  },
});

Deno.test({
  name: "a datagram that ends in the middle of a message is not read on, whatever follows it in the buffer",
  permissions: "none",
  fn() {
    const ascii = accepted.map(([line]) => line).filter((line) =>
      encoder.encode(line).length === line.length
    );
    for (const line of ascii) {
      for (let cut = 0; cut <= line.length; cut++) {
        const start = line.slice(0, cut);
        for (const after of [line.slice(cut), "}", '"', "\n", '"A3":3}', ',"A3":3}', ":0}"]) {
          assert.deepEqual(
            scan(start, false, after),
            judgeDatagram(encoder.encode(start), false),
            `${start}|${after}`,
          );
        }
      }
    }
  },
});

Deno.test({
  name: "a datagram is split at line feeds, and one bad line rejects that line only",
  permissions: "none",
  fn() {
    const line = '{"A1":1,"A2":2,"A3":3}';
    const extra = '{"A1":1,"A2":2,"A3":3,"x":0}';
    const cases: [datagram: string, ...outcomes: Outcome[]][] = [
      [`${line}`, one],
      [`${line}\n`, one],
      [`${line}\r\n`, one],
      [`${line}\n\n`, one, "empty"],
      [`${line}\r\n\r\n`, one, "empty"],
      [`${line}\n${extra}`, one, one],
      [`${extra}\r\n${line}\r\n`, one, one],
      [`\n${line}`, "empty", one],
      [`\n`, "empty"],
      [`\r\n`, "empty"],
      [`\n\n\n`, "empty", "empty", "empty"],
      [`\n\r`, "empty", "syntax"],
      [` \n${line}`, "syntax", one],
      [`${line}\nx\n{\n{}\n${extra}`, one, "syntax", "syntax", "missing_field", one],
      [`{"A1":1,\n"A2":2,"A3":3}`, "syntax", "syntax"],
      [`{"x":"\n${line}\n{"x":"\\\n{"x":"\\u00\n${line}`, "syntax", one, "syntax", "syntax", one],
      [
        `{"x":[[[\n${line}\n{"A1":-\n{"A1":1e\n{"A1":tr\n${line}`,
        "syntax",
        one,
        "syntax",
        "syntax",
        "syntax",
        one,
      ],
      [`${line}\0\n${line}`, "syntax", one],
    ];
    for (const [text, ...outcomes] of cases) {
      assert.deepEqual(scan(text), expected(...outcomes), JSON.stringify(text));
    }
  },
});

Deno.test({
  name: "of a truncated datagram the complete lines count, and the cut one is rejected",
  permissions: "none",
  fn() {
    const line = '{"A1":1,"A2":2,"A3":3}';
    const cases: [datagram: string, ...outcomes: Outcome[]][] = [
      ["", "truncated"],
      [line, "truncated"],
      [`${line}\n`, one, "truncated"],
      [`${line}\n${line}`, one, "truncated"],
      [`${line}\n\n${line.slice(0, 9)}`, one, "empty", "truncated"],
      [`\n`, "empty", "truncated"],
    ];
    for (const [text, ...outcomes] of cases) {
      assert.deepEqual(scan(text, true), expected(...outcomes), JSON.stringify(text));
    }
  },
});

Deno.test({
  name: "invalid UTF-8 is rejected wherever it is",
  permissions: "none",
  fn() {
    const bytes = encoder.encode('{"x":"?","A1":1,"A2":2,"A3":3}');
    for (let at = 0; at < bytes.length; at++) {
      for (
        const bad of [[0xff], [0x80], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [
          0xe2,
          0x82,
        ]]
      ) {
        const damaged = Uint8Array.from([...bytes.subarray(0, at), ...bad, ...bytes.subarray(at + 1)]);
        assert.deepEqual(scan(damaged), expected("syntax"), `${bad} at ${at}`);
      }
    }
  },
});

Deno.test({
  name: "what the scanner is compared with judges as the tables do",
  permissions: "none",
  fn() {
    for (const [line, A1, A2, A3] of accepted) {
      assert.deepEqual(judgeDatagram(encoder.encode(line), false), expected(of(A1, A2, A3)), line);
    }
    for (const [reason, lines] of Object.entries(rejected)) {
      for (const line of lines) {
        assert.deepEqual(judgeDatagram(encoder.encode(line), false), expected(reason as Outcome), line);
      }
    }
  },
});

Deno.test({
  name: "the scanner agrees with JSON.parse and BigInt on 100,000 messages, whole and damaged",
  permissions: "none",
  fn() {
    fc.assert(
      fc.property(datagram, fc.nat(9), (bytes, ninth) => {
        assert.deepEqual(scan(bytes, ninth === 9), judgeDatagram(bytes, ninth === 9));
      }),
      { numRuns: 50_000 }, // Datagrams of two messages, on average.
    );
  },
});

Deno.test({
  name: "the scanner agrees with JSON.parse on random bytes",
  permissions: "none",
  fn() {
    const alphabet = encoder.encode('{}[]":,A123-0.e+\\u \t\r\ntruefalsn\xe9');
    const soup = fc.array(fc.constantFrom(...alphabet), { maxLength: 24 }).map((bytes) =>
      Uint8Array.from(bytes)
    );
    fc.assert(
      fc.property(fc.oneof(soup, fc.uint8Array({ maxLength: 40 })), (bytes) => {
        assert.deepEqual(scan(bytes), judgeDatagram(bytes, false));
      }),
      { numRuns: 20_000 },
    );
  },
});

Deno.test({
  name: "scanning allocates nothing, plain messages or other ones",
  permissions: "none",
  fn() {
    const lines = accepted.map(([line]) => line).concat(rejected.syntax!, rejected.not_integer!);
    const batch = Batch.of(encoder.encode(lines.join("\n")));
    const into = new Accumulator();
    const scans = 200;
    // Until it is compiled the scanner boxes numbers: so it is given time, and has to manage three times in a row.
    let clean = 0;
    for (let round = 0; round < 500 && clean < 3; round++) {
      const before = Deno.memoryUsage().heapUsed;
      for (let i = 0; i < scans; i++) scanDatagram(batch, 0, batch.bytes.length, false, into);
      const grown = Deno.memoryUsage().heapUsed - before;
      clean = grown >= 0 && grown < scans * lines.length ? clean + 1 : 0;
    }
    assert.equal(clean, 3, "each round allocated at least a byte a message");
  },
});
