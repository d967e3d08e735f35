import assert from "node:assert/strict";
import fc from "fast-check";
import { fingerprint } from "../../src/shipper/fingerprint.ts";

Deno.test({
  name: "fingerprint: it has 16 hexadecimal digits, and differs when the bytes differ",
  permissions: "none",
  fn() {
    assert.equal(fingerprint(new Uint8Array(0)), fingerprint(new Uint8Array(0)));
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (bytes, at, by) => {
          const other = bytes.slice();
          other[at % bytes.length]! ^= by;
          assert.match(fingerprint(bytes), /^[0-9a-f]{16}$/);
          assert.equal(fingerprint(bytes), fingerprint(bytes.slice()));
          assert.notEqual(fingerprint(bytes), fingerprint(other));
          assert.notEqual(fingerprint(bytes), fingerprint(bytes.subarray(1)));
        },
      ),
    );
  },
});

Deno.test({
  name: "fingerprint: a million different first lines have a million different fingerprints",
  permissions: "none",
  fn() {
    const encoder = new TextEncoder();
    const seen = new Set<string>();
    for (let i = 0; i < 1_000_000; i++) {
      seen.add(
        fingerprint(encoder.encode(`{"timestamp":${1_700_000_000 + i}, "count_type":"10s", "A1_sum": 0`)),
      );
    }
    assert.equal(seen.size, 1_000_000);
  },
});
