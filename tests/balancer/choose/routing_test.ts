import assert from "node:assert/strict";
import fc from "fast-check";
import { changeBetween, changedTable, routingTable } from "../../../src/balancer/choose/routing.ts";

const ROUTE = {
  cluster: "a.example",
  cdnHost: "cdn.example.net",
  cdnWeight: 9,
  originWeight: 1,
  originPort: null,
};

Deno.test({
  name: "routing: a target contains the beginnings of the URLs to redirect to",
  permissions: "none",
  fn() {
    const bases: [cdnHost: string, cdnPrefix: string][] = [
      ["cdn.example.net", "http://cdn.example.net/"],
      ["https://cdn.example.net:8443", "https://cdn.example.net:8443/"],
      ["http://[::1]:8080/a/b", "http://[::1]:8080/a/b/"],
      ["cdn.example.net/a/", "http://cdn.example.net/a/"],
    ];
    for (const [cdnHost, cdnPrefix] of bases) {
      assert.equal(
        routingTable([{ ...ROUTE, cdnHost }]).get("a.example")!.destinations[1]!.prefix,
        cdnPrefix,
      );
    }
    assert.equal(routingTable([ROUTE]).get("a.example")!.originPort, "");
    assert.equal(routingTable([{ ...ROUTE, originPort: 8080 }]).get("a.example")!.originPort, ":8080");
  },
});

Deno.test({
  name:
    "routing: the count of turns survives a change of the route, and a new cluster begins at its own count",
  permissions: "none",
  fn() {
    const first = routingTable([ROUTE, { ...ROUTE, cluster: "b.example" }], { turnsTaken: () => 7n });
    const { turns } = first.get("a.example")!;
    assert.deepEqual([...turns], [7n, 0n]);
    Atomics.add(turns, 0, 1n);
    const second = routingTable([{ ...ROUTE, cdnWeight: 1 }, { ...ROUTE, cluster: "c.example" }], {
      previous: first,
    });
    assert.deepEqual([...second.get("a.example")!.turns], [8n, 0n]);
    assert.deepEqual([...second.get("c.example")!.turns], [0n, 0n]);
    // A worker that still uses the old table does not take turns of a route that was removed and created
    // again.
    const third = routingTable([ROUTE], { previous: routingTable([], { previous: second }) });
    Atomics.add(turns, 0, 1n);
    assert.deepEqual([...third.get("a.example")!.turns], [0n, 0n]);
  },
});

Deno.test({
  name: "routing: a change contains only what differs, and turns the old table into the new one",
  permissions: "none",
  fn() {
    const [a, b, c] = ["a", "b", "c"].map((cluster) => ({ ...ROUTE, cluster }));
    const before = routingTable([a!, b!, c!]);
    const after = routingTable([a!, { ...b!, cdnWeight: 1 }], { previous: before });
    assert.equal(after.get("a"), before.get("a"));
    const change = changeBetween(before, after);
    assert.deepEqual([[...change.changed.keys()], change.removed], [["b"], ["c"]]);
    assert.deepEqual(changedTable(before, change), after);
    assert.equal(before.size, 3);

    const routes = fc.uniqueArray(
      fc.record({ cluster: fc.constantFrom("a", "b", "c", "d"), cdnWeight: fc.integer({ min: 1, max: 3 }) }),
      { selector: ({ cluster }) => cluster },
    ).map((some) => some.map((one) => ({ ...ROUTE, ...one })));
    fc.assert(fc.property(fc.array(routes), (states) => {
      let [table, ofWorker] = [routingTable([]), routingTable([])];
      for (const state of states) {
        const next = routingTable(state, { previous: table });
        ofWorker = changedTable(ofWorker, structuredClone(changeBetween(table, next)));
        table = next;
        assert.deepEqual(ofWorker, table);
      }
    }));
  },
});

Deno.test({
  name: "routing: a table posted to a worker shares its count of turns",
  permissions: "none",
  fn() {
    const table = routingTable([ROUTE]);
    const posted = structuredClone(table);
    Atomics.add(posted.get("a.example")!.turns, 0, 5n);
    assert.deepEqual([...table.get("a.example")!.turns], [5n, 0n]);
    assert.deepEqual(posted, table);
  },
});

Deno.test({
  name: "routing: an invalid route is an error",
  permissions: "none",
  fn() {
    assert.throws(() => routingTable([{ ...ROUTE, cluster: "A" }]), /^RangeError: Cannot use the cluster of/);
    assert.throws(() => routingTable([{ ...ROUTE, cdnHost: "a b" }]), /cdnHost/);
  },
});
