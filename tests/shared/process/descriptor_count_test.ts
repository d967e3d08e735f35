import assert from "node:assert/strict";
import { DescriptorCount } from "../../../src/shared/process/descriptor_count.ts";
import { LIBC_PATHS } from "../../../src/shared/libc.ts";

Deno.test({
  name: "descriptor count: opening files raises the count, also beyond one chunk, and closing them lowers it",
  permissions: { ffi: [...LIBC_PATHS], read: ["deno.json"] },
  fn() {
    const descriptors = new DescriptorCount();
    const before = descriptors.count();
    assert.ok(before >= 3, `${before}`);
    assert.ok(descriptors.max >= before);
    const files = Array.from({ length: 600 }, () => Deno.openSync("deno.json"));
    // Other threads of the test runner may open and close descriptors meanwhile.
    assert.ok(Math.abs(descriptors.count() - before - 600) < 20, `${descriptors.count()} after ${before}`);
    for (const file of files) file.close();
    assert.ok(Math.abs(descriptors.count() - before) < 20);
    descriptors.close();
  },
});
