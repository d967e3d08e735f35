import assert from "node:assert/strict";
import { freeDescriptors } from "../../../src/shared/process/descriptors.ts";

/** A process that may have this many descriptors, and what opens them. */
function simulate(limit: number, message = "Too many open files (os error 24)") {
  const open = { count: 0, most: 0 };
  const openOne = () => {
    if (open.count === limit) throw new Error(message);
    open.most = Math.max(open.most, ++open.count);
    return { [Symbol.dispose]: () => void open.count-- };
  };
  return { open, openOne };
}

Deno.test({
  name: "descriptors: as many are counted as can be opened, and all are given back",
  permissions: "none",
  fn() {
    const { open, openOne } = simulate(100);
    assert.equal(freeDescriptors("a", 1000, openOne), 100);
    assert.deepEqual(open, { count: 0, most: 100 });
    assert.equal(freeDescriptors("a", 30, openOne), 30);
    assert.equal(open.count, 0);
  },
});

Deno.test({
  name: "descriptors: another error is passed on, and none stays open",
  permissions: "none",
  fn() {
    const { open, openOne } = simulate(7, "Permission denied");
    assert.throws(() => freeDescriptors("a", 10, openOne), /Permission denied/);
    assert.equal(open.count, 0);
  },
});

Deno.test({
  name: "descriptors: a real file can be opened",
  permissions: { read: ["deno.json"] },
  fn: () => assert.equal(freeDescriptors("deno.json", 5), 5),
});
