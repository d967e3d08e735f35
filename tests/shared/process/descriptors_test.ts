import assert from "node:assert/strict";
import { freeDescriptors } from "../../../src/shared/process/descriptors.ts";

/** Simulates a process that may open `limit` descriptors. */
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
  name: "descriptors: the count is how many can be opened, and all are closed again",
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
  name: "descriptors: any other error is thrown, and no descriptor stays open",
  permissions: "none",
  fn() {
    const { open, openOne } = simulate(7, "Permission denied");
    assert.throws(() => freeDescriptors("a", 10, openOne), /Permission denied/);
    assert.equal(open.count, 0);
  },
});

Deno.test({
  name: "descriptors: a real file can be opened several times",
  permissions: { read: ["deno.json"] },
  fn: () => assert.equal(freeDescriptors("deno.json", 5), 5),
});
