import assert from "node:assert/strict";
import {
  enlarged,
  lendInput,
  lendOutput,
  returnInput,
  returnOutput,
} from "../../../src/shared/http/buffers.ts";

Deno.test({
  name: "buffers: no two borrowers share a byte",
  permissions: "none",
  fn() {
    const lent = Array.from({ length: 300 }, (_, i) => lendInput().fill(i));
    lent.forEach((buffer, i) => assert.ok(buffer.every((byte) => byte === i % 256)));
    for (const buffer of lent) returnInput(buffer);
    assert.equal(new Set(Array.from({ length: 300 }, lendInput)).size, 300);
  },
});

Deno.test({
  name: "buffers: a returned buffer is lent again, unless it was enlarged",
  permissions: "none",
  fn() {
    const input = lendInput();
    const larger = enlarged(input.fill(7), 2000);
    assert.deepEqual([larger.length, larger.subarray(0, input.length)], [2000, input]);
    returnInput(larger);
    assert.notEqual(lendInput(), larger);
    returnInput(input);
    assert.equal(lendInput(), input);
    const output = lendOutput();
    assert.notEqual(lendOutput(), output);
    returnOutput(output);
    assert.equal(lendOutput(), output);
  },
});
