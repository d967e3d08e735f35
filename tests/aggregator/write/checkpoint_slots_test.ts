import assert from "node:assert/strict";
import fc from "fast-check";
import {
  capacityFor,
  decodeSlot,
  encodeSlot,
  SLOT_BYTES_MAX,
} from "../../../src/aggregator/write/checkpoint_slots.ts";

function test(name: string, fn: () => void): void {
  Deno.test({ name: `slots: ${name}`, permissions: "none", fn });
}

const OLD = { sequence: 9, text: "{}\n" + "an old text, which is the longer one\n".repeat(3) };
const NEW = { sequence: 13, text: "{}\na new text\n" };

test("any text can be read back from its slot, whose size is a multiple of 4,096 bytes", () => {
  const texts = fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: "binary", minLength: 2000 }));
  fc.assert(fc.property(texts, fc.nat(), (text, sequence) => {
    const slot = encodeSlot({ sequence, text });
    assert.equal(slot.length % 4096, 0);
    assert.deepEqual(decodeSlot(slot), { sequence, text });
  }));
});

test("a slot is readable text, and its checksum is 32-bit FNV-1a", () => {
  const text = new TextDecoder().decode(encodeSlot(NEW)).trimEnd();
  assert.equal(text, '{"sequence":13,"bytes":14,"checksum":"058d04a8"}\n{}\na new text');
});

test("what is left of an earlier, longer text is not read", () => {
  const slot = encodeSlot({ sequence: 1, text: "x".repeat(9000) });
  slot.set(encodeSlot(NEW));
  assert.deepEqual(decodeSlot(slot), NEW);
});

test("a slot that was torn at any byte is recognized as torn", () => {
  const [before, after] = [encodeSlot(OLD), encodeSlot(NEW)];
  const end = new TextDecoder().decode(after).trimEnd().length + 1;
  for (let written = 0; written <= end + 10; written++) {
    const slot = before.slice();
    slot.set(after.subarray(0, written));
    const same = before.every((byte, i) => byte === slot[i]); // Both slots begin with the same key.
    const expected = same ? OLD : written >= end ? NEW : undefined;
    assert.deepEqual(decodeSlot(slot), expected, `${written} bytes of ${end}`);
  }
});

test("a slot cut at any byte can't be read", () => {
  const slot = encodeSlot(NEW);
  const end = new TextDecoder().decode(slot).trimEnd().length + 1;
  for (let length = 0; length < end; length++) assert.equal(decodeSlot(slot.subarray(0, length)), undefined);
  assert.deepEqual(decodeSlot(slot.subarray(0, end)), NEW);
});

test("a slot with any single byte changed can't be read", () => {
  const slot = encodeSlot(NEW);
  const end = new TextDecoder().decode(slot).trimEnd().length + 1;
  for (let at = 0; at < end; at++) {
    for (let other = 0; other < 256; other++) {
      if (other === slot[at]) continue;
      const garbled = slot.slice();
      garbled[at] = other;
      assert.equal(decodeSlot(garbled), undefined, `byte ${at} is ${other}`);
    }
  }
});

test("bytes that are no slot can't be read", () => {
  const cases = [
    "",
    " ".repeat(4096),
    "\0".repeat(4096),
    '{"sequence":1,"bytes":0,"checksum":"00000000"}\n',
    '{"sequence":1,"bytes":0}\n',
    '{"sequence":99999999999999999999,"bytes":0,"checksum":"00000000"}\n',
  ];
  for (const text of cases) assert.equal(decodeSlot(new TextEncoder().encode(text)), undefined, text);
  fc.assert(fc.property(fc.uint8Array(), (bytes) => assert.equal(decodeSlot(bytes), undefined)));
});

test("a slot's capacity is the next power of two, up to a limit", () => {
  const cases: [bytes: number, capacity: number][] = [
    [4096, 4096],
    [8192, 8192],
    [12_288, 16_384],
    [SLOT_BYTES_MAX, SLOT_BYTES_MAX],
  ];
  for (const [bytes, capacity] of cases) assert.equal(capacityFor(bytes), capacity);
  assert.throws(() => capacityFor(SLOT_BYTES_MAX + 4096), RangeError);
});
