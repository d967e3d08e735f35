import assert from "node:assert/strict";
import fc from "fast-check";
import { fieldsOf, Head, INCOMPLETE, readHead, REFUSED, WHOLE } from "../../../src/shared/http/head.ts";
import { textOf } from "../../../src/shared/http/latin1.ts";
import { HEAD_BYTES_MAX } from "../../../src/shared/http/refusals.ts";
import { ACCEPTED, REFUSALS } from "../../support/http/heads.ts";
import { latin1 } from "../../support/http/requests.ts";

/** Parses a head that arrives in pieces, and returns the result as a string to compare. */
function outcome(pieces: readonly Uint8Array[]): string {
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  const head = new Head();
  let end = 0;
  let reading: number = INCOMPLETE;
  for (const piece of pieces) {
    bytes.set(piece, end);
    end += piece.length;
    // The bytes after `end` must play no part. They are filled with CR, which could end a head.
    bytes.fill(13, end);
    reading = readHead(bytes, 0, end, head);
    if (reading !== INCOMPLETE) break;
  }
  if (reading === INCOMPLETE) return "incomplete";
  if (reading === REFUSED) return `${head.refusal!.status} ${head.refusal!.reason}`;
  const { methodStart, methodEnd, targetStart, targetEnd, minor, keepsAlive, contentLength, end: headEnd } =
    head;
  return JSON.stringify({
    method: textOf(bytes, methodStart, methodEnd),
    target: textOf(bytes, targetStart, targetEnd),
    minor,
    keepsAlive,
    contentLength,
    hasTransferEncoding: head.hasTransferEncoding,
    fields: fieldsOf(bytes, head),
    headEnd,
  });
}

const read = (text: string) => outcome([latin1(text)]);

for (const { section, name, text, expected } of ACCEPTED) {
  Deno.test({
    name: `head: RFC ${section}: ${name} is accepted`,
    permissions: "none",
    fn() {
      const found = JSON.parse(read(text));
      for (const [key, value] of Object.entries(expected)) assert.deepEqual(found[key], value, key);
      assert.equal(found.headEnd, text.indexOf("\r\n\r\n") + 4);
    },
  });
}

Deno.test({
  name: "head: each invalid request is refused with its status",
  permissions: "none",
  fn() {
    for (const { section, name, text, status } of REFUSALS) {
      assert.match(read(text), new RegExp(`^${status} [!-~][ -~]*$`), `${section}: ${name}`);
    }
  },
});

Deno.test({
  name: "head: each prefix of a valid request is incomplete, and no byte after it is read",
  permissions: "none",
  fn() {
    for (const { text } of ACCEPTED) {
      const bytes = latin1(text).subarray(0, text.indexOf("\r\n\r\n") + 4);
      for (let length = 0; length < bytes.length; length++) {
        assert.equal(outcome([bytes.slice(0, length)]), "incomplete", text.slice(0, length));
      }
    }
  },
});

const TEXTS = [...ACCEPTED, ...REFUSALS].map(({ text }) => text).filter(({ length }) => length < 500);

Deno.test({
  name: "head: any split of the bytes over reads gives the same result",
  permissions: "none",
  fn() {
    fc.assert(
      fc.property(
        fc.constantFrom(...TEXTS),
        fc.array(fc.nat(300), { maxLength: 6 }),
        fc.array(fc.tuple(fc.nat(300), fc.nat(255)), { maxLength: 2 }),
        (text, cuts, changes) => {
          const bytes = latin1(text);
          for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte;
          const ends = [...new Set(cuts.filter((cut) => cut < bytes.length)), bytes.length].sort((a, b) =>
            a - b
          );
          const pieces = ends.map((end, i) => bytes.slice(ends[i - 1] ?? 0, end));
          assert.equal(outcome(pieces), outcome([bytes]));
        },
      ),
      { numRuns: 3000 },
    );
  },
});

Deno.test({
  name: "head: a full buffer of HEAD_BYTES_MAX is always enough to accept or refuse",
  permissions: "none",
  fn() {
    const fills = ["a", "GET /", `GET /${"a".repeat(8190)} HTTP/1.1\r\n`, "GET / HTTP/1.1\r\nHost: a\r\n"];
    for (const begin of fills) {
      for (const rest of ["a", "a: b\r\n", "\r\n", " ", "\0"]) {
        const bytes = latin1(begin + rest.repeat(HEAD_BYTES_MAX)).subarray(0, HEAD_BYTES_MAX);
        assert.notEqual(outcome([bytes]), "incomplete", JSON.stringify([begin.slice(0, 20), rest]));
      }
    }
  },
});

/** Returns a random number generator (mulberry32): small, fast, and the same on each run. */
function randomOf(seed: number): (below: number) => number {
  return (below) => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const FUZZED = 1_000_000;

Deno.test({
  name: `head: none of ${FUZZED.toLocaleString("en")} mutated heads throws or is read past its end`,
  permissions: "none",
  fn() {
    const random = randomOf(9112);
    const head = new Head();
    const special = latin1("\r\n\0 \t:/?#@[]%\x80\xffHost:GET1.0,;");
    const good = ACCEPTED.map(({ text }) => text).filter(({ length }) => length < 500);
    const originals = [...TEXTS, ...Array.from({ length: 10 }, () => good).flat()].map(latin1);
    const bytes = new Uint8Array(1024);
    const seen = [0, 0, 0];
    for (let i = 0; i < FUZZED; i++) {
      const original = originals[random(originals.length)]!;
      bytes.set(original);
      let end = original.length;
      for (let changes = 1 + random(3); changes > 0; changes--) {
        const at = random(end);
        const kind = random(4);
        if (kind === 0) bytes[at] = special[random(special.length)]!;
        else if (kind === 1) bytes[at] = random(256);
        else if (kind === 2) bytes.copyWithin(at, at + 1, end--);
        else bytes.copyWithin(at + 1, at, end++);
      }
      // Bytes of earlier requests follow after `end`; they must not be read.
      const reading = readHead(bytes, 0, end, head);
      seen[reading]!++;
      if (reading !== WHOLE) continue;
      assert.ok(head.end <= end && textOf(bytes, head.end - 4, head.end) === "\r\n\r\n");
      assert.ok(head.targetStart < head.targetEnd && head.targetEnd < head.fieldsStart);
      const empty = textOf(bytes, 2, head.end - 4).indexOf("\r\n\r\n");
      assert.equal(empty, -1, "the parser read on after an empty line");
    }
    assert.ok(seen.every((count) => count > FUZZED / 100), seen.join());
  },
});
