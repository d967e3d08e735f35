import assert from "node:assert/strict";
import fc from "fast-check";
import {
  Accumulator,
  emptyTotals,
  mergeTotals,
  type Totals,
  totalsOf,
} from "../../../src/aggregator/aggregate/partial.ts";
import { Batch, scanDatagram } from "../../../src/aggregator/parse/scanner.ts";
import { accepted, rejected } from "../../support/messages/message_tables.ts";
import { judgeDatagram, type Outcome, totalsOfOutcome } from "../../support/messages/reference_parser.ts";
import { datagram } from "../../support/messages/message_arbitraries.ts";

const encoder = new TextEncoder();

/**
 * Scans a datagram between other bytes, and alone. The other bytes would complete messages, so the totals
 * would differ if the scanner read them.
 */
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

/** Scans each case as it is and with a newline at its end, which makes no difference. */
function check(cases: [datagram: string, ...outcomes: Outcome[]][]): void {
  for (const [text, ...outcomes] of cases) {
    for (const end of ["", "\n", "\r\n"]) {
      assert.deepEqual(scan(text + end), expected(...outcomes), JSON.stringify(text + end));
    }
  }
}

const line = '{"A1":1,"A2":2,"A3":3}';
const extra = '{"A1":1,"A2":2,"A3":3,"x":0}';
const pretty = (...messages: string[]) =>
  messages.map((message) => JSON.stringify(JSON.parse(message), null, 1)).join("\n");

Deno.test({
  name: "scanner: a message is accepted with its exact integers",
  permissions: "none",
  fn() {
    for (const [line, A1, A2, A3] of accepted) assert.deepEqual(scan(line), expected(of(A1, A2, A3)), line);
  },
});

Deno.test({
  name: "scanner: a message is rejected for the first reason that applies",
  permissions: "none",
  fn() {
    for (const [reason, lines] of Object.entries(rejected)) {
      for (const line of lines) assert.deepEqual(scan(line), expected(reason as Outcome), line);
    }
  },
});

Deno.test({
  name: "scanner: a datagram that ends within a message is not completed by what follows it in the buffer",
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
  name: "scanner: a datagram is split at line feeds, and an invalid line does not affect the others",
  permissions: "none",
  fn() {
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
      [`{"A1":1,\n"A2":2,"A3":3}x`, "syntax", "syntax"],
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
      [`\0${line}\n${line}`, "syntax", one],
      ["{\n{\n[\n{", "syntax", "syntax", "syntax", "syntax"],
      [`{\n[\n[\n${line}\n{\n{\n${extra}`, "syntax", "syntax", "syntax", one, "syntax", "syntax", one],
      [`x\n{\n[\n{x\n[${line}]\n{\n`, "syntax", "syntax", "syntax", "syntax", one, "syntax"],
      ["[\n{\n\n{\n {\n\t{\n{\r\n{\n", "syntax", "syntax", "empty", ...Array(5).fill("syntax")],
    ];
    for (const [text, ...outcomes] of cases) {
      assert.deepEqual(scan(text), expected(...outcomes), JSON.stringify(text));
    }
  },
});

Deno.test({
  name: "scanner: a datagram that is one object over several lines is one message",
  permissions: "none",
  fn() {
    check([
      [pretty(line), one],
      [pretty(line).replaceAll("\n", "\r\n\t"), one],
      [`\n \n\r\n${pretty(extra)}\n\n \n`, one],
      ['{"A1":1,\n"A2":2,"A3":3}', one],
      ['{\n"A1"\n:\n1\n,"A2":2,\n\n"A3":3,"x":[\n{\n}\n,"}"]\n}', one],
      ['{\n"A1": 1,\n"A2": 2\n}', "missing_field"],
      ['{\n"A1": 1,\n"A2": 2,\n"A3":"3"\n}', "not_integer"],
      ["{\n}", "missing_field"],
      // These datagrams are not one object from end to end, so they are read line by line.
      [pretty(line, line), ...Array(10).fill("syntax")],
      [`{\n${line}\n}`, "syntax", one, "syntax"],
      [`${line}\n${pretty(line)}`, one, "syntax", "syntax", "syntax", "syntax", "syntax"],
      [`x\n${pretty(line)}`, "syntax", "syntax", "syntax", "syntax", "syntax", "syntax"],
      ['{"x":"\n"}', "syntax", "syntax"],
      [`\n${line}`, "empty", one],
    ]);
    assert.deepEqual(scan(`${pretty(line)}\n`, true), expected(...Array(5).fill("syntax"), "truncated"));
  },
});

Deno.test({
  name: "scanner: each object on a line is a message, and the rest of the line is rejected once as syntax",
  permissions: "none",
  fn() {
    check([
      [line + line, one, one],
      [`${line} ${extra}\t\r${line} \r`, one, one, one],
      [`{}${line}{"A1":1.5,"A2":2,"A3":3}`, "missing_field", one, "not_integer"],
      [`${line}${extra}\n${extra}${line}`, one, one, one, one],
      [`${line}{`, one, "syntax"],
      [`${line}{"A1":\n${line}`, one, "syntax", one],
      [`${line}}${line}\n${line}`, one, "syntax", one],
      [`${line},${line}`, one, "syntax"],
      [`${extra} 1 2 3`, one, "syntax"],
      [`${extra}\0`, one, "syntax"],
      [`x${line}`, "syntax"],
    ]);
    assert.deepEqual(scan(`${line}${line}\n${line}${line}`, true), expected(one, one, "truncated"));
  },
});

Deno.test({
  name:
    "scanner: each element of an array of objects is a message; any other array is rejected once as syntax",
  permissions: "none",
  fn() {
    check([
      [`[${line}]`, one],
      [` [ ${line} , ${extra}\t,{} ] `, one, one, "missing_field"],
      [`[{"A1":1.5,"A2":2,"A3":3},{"A1":1e19,"A2":2,"A3":3},${line}]`, "not_integer", "out_of_range", one],
      [`[${line}][${line},${line}]${line}`, one, one, one, one],
      [`[${line}]\n[${line}]`, one, one],
      ...["[]", "[1]", "[[]]", "null,", ",", "{", "[{}]"].map((
        other,
      ): [string, ...Outcome[]] => [`[${line},${other}]\n${line}`, "syntax", one]),
      ["[]", "syntax"],
      [`[${line}`, "syntax"],
      [`[${line}${line}]`, "syntax"],
      [`[${line},]${line}`, "syntax"],
      [`${line}[${line},1]${line}`, one, "syntax"],
      [`[${line}]]`, one, "syntax"],
      [`[\n${line},\n${pretty(extra)}\n]`, one, one],
      [`[${line},\n\n${line}]`, one, one],
      [`[${line},\n1]`, "syntax", "syntax"],
      // Messages of an array that breaks off must not count with the next array.
      [`[${line}\n[${line}]`, "syntax", one],
      [`[${line},{"A1":1,"A2":1e18,"A3":-1e18},\n[${line}]`, "syntax", one],
      [`[{}\n[${extra},{"A1":1e18,"A2":1,"A3":1e18}]`, "syntax", one, {
        A1: 10n ** 18n,
        A2: 1n,
        A3: 10n ** 18n,
      }],
      [`[${Array(2000).fill(line)}]`, ...Array(2000).fill(one)],
    ]);
  },
});

Deno.test({
  name: "scanner: complete lines of a truncated datagram count, and the line that was cut is rejected",
  permissions: "none",
  fn() {
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
  name: "scanner: invalid UTF-8 is rejected wherever it occurs",
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
  name: "reference parser: it returns what the tables of messages say",
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
  name: "scanner: agrees with JSON.parse and BigInt on 100,000 messages, valid and damaged",
  permissions: "none",
  fn() {
    fc.assert(
      fc.property(datagram, fc.nat(9), (bytes, ninth) => {
        assert.deepEqual(scan(bytes, ninth === 9), judgeDatagram(bytes, ninth === 9));
      }),
      { numRuns: 50_000 }, // A datagram has two messages on average.
    );
  },
});

Deno.test({
  name: "scanner: agrees with JSON.parse on random bytes",
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
  name: "scanner: allocates nothing, whatever the form of the messages",
  permissions: "none",
  fn() {
    const lines = accepted.map(([line]) => line).concat(rejected.syntax!, rejected.not_integer!);
    const batch = Batch.of(encoder.encode(lines.join("\n")));
    const into = new Accumulator();
    const scans = 200;
    // Until V8 has compiled the scanner, numbers are boxed. So the test waits for three rounds in a row that
    // allocate nothing.
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

/** Returns how many bytes of a datagram are read. A byte that is read several times in a row counts once. */
function bytesRead(text: string, truncated = false): number {
  const { bytes, view } = Batch.of(encoder.encode(text));
  let read = 0;
  let last = "";
  const counted = {
    bytes: new Proxy(bytes, {
      get(target, key) {
        if (typeof key === "string" && /^\d+$/.test(key) && key !== last) {
          last = key;
          read++;
        }
        return Reflect.get(target, key, target);
      },
    }),
    view: {
      getUint8: (at: number) => (read += 1, view.getUint8(at)),
      getUint32: (at: number, little: boolean) => (read += 4, view.getUint32(at, little)),
    },
  };
  scanDatagram(counted as unknown as Batch, 0, bytes.length, truncated, new Accumulator());
  return read;
}

const wide = "123456789012345678";

/** Datagrams that could make a careless scanner read the same bytes again and again. */
const AGAIN: readonly ((size: number) => string)[] = [
  (size) => "{\n".repeat(size / 2),
  (size) => "[\n".repeat(size / 2),
  (size) => "[{\n".repeat(size / 3),
  (size) => "[{}\n".repeat(size / 4),
  (size) => "[{}x\n".repeat(size / 5),
  (size) => "[{},\n".repeat(size / 5),
  (size) => "\n".repeat(size) + "{\n",
  (size) => `${" ".repeat(size)}{\n`,
  (size) => `{\n${"\n".repeat(size)}`,
  (size) => `{"x":[${"0,".repeat(size / 2)}\n`,
  (size) => `{"x":[\n${"0,".repeat(size / 2)}`,
  (size) => `[${"{},".repeat(size / 3)}\n`,
  (size) => `[${"{},".repeat(size / 3)}\n{}]x`,
  (size) => `[\n${"{},".repeat(size / 3)}1]`,
  (size) => `[${`${line},`.repeat(size / 23)}\n${line}]`,
  (size) => `[${`${line},`.repeat(size / 23)}${line}]`,
  (size) => `[${`${extra},`.repeat(size / 29)}\n`,
  (size) => `${`${extra}{\n`.repeat(size / 30)}`,
  (size) => "[{}]".repeat(size / 4),
  (size) => "{}".repeat(size / 2),
  (size) => "{}[".repeat(size / 3),
  (size) => line.repeat(size / 22),
  (size) => extra.repeat(size / 28),
  (size) => `${line}${extra}`.repeat(size / 50),
  (size) => `{${'"A1":1e0,'.repeat(size / 9)}"A2":1,"A3":1,"x":0}`,
  (size) => `[${'{"A1":1e2,"A2":12.00,"A3":0},'.repeat(size / 29)}\n`,
  (size) => `[${`{"A1":${wide},"A2":${wide},"A3":${wide}},`.repeat(size / 75)}\n`,
  (size) => `{"A1":1,${"\n".repeat(size)}"A2":2,"A3":3}`,
  (size) => pretty(`{"x":[${"[],".repeat(size / 60)}0],"A1":1,"A2":2,"A3":3}`),
  (size) => `${pretty(`{"x":[${"[],".repeat(size / 60)}0],"A1":1,"A2":2,"A3":3}`)}{`,
];

Deno.test({
  name: "scanner: no datagram takes more than two passes, and twice the bytes take twice the work",
  permissions: "none",
  fn() {
    for (const make of AGAIN) {
      const text = make(4800);
      const read = bytesRead(text);
      // A truncated datagram is never tried as a whole, so this is the work of reading it line by line.
      const once = bytesRead(`${text}\n`, true);
      const ofOneLine = bytesRead(text.replaceAll("\n", " "));
      assert.ok(read <= 2 * Math.max(once, ofOneLine) + 32, `${make}: ${read} of ${once} and ${ofOneLine}`);
      assert.ok(bytesRead(make(9600)) <= 2.1 * read + 32, `${make}`);
      assert.ok(read <= 8 * text.length + 64, `${make}: ${read} of ${text.length} bytes`);
    }
  },
});
