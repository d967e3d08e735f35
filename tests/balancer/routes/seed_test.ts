import assert from "node:assert/strict";
import { seed } from "../../../src/balancer/routes/seed.ts";
import { StoreReadOnly, StoreUnavailable } from "../../../src/balancer/store/store.ts";
import { CLUSTER, SETTINGS } from "../../support/simulated/balancer_in_process.ts";
import { MemoryStore } from "../../support/database/memory_store.ts";
import { eventsOf, type LogEntry, logInto } from "../../support/recorded_log.ts";

const ROUTE = { cluster: CLUSTER, ...SETTINGS };

function parts(store: MemoryStore) {
  const log: LogEntry[] = [];
  const stopped = Promise.withResolvers<void>();
  let isStopping = false;
  const stop = () => {
    isStopping = true;
    stopped.resolve();
  };
  return {
    store,
    log: logInto(log),
    isStopping: () => isStopping,
    stopped: stopped.promise,
    stop,
    entries: log,
  };
}

Deno.test({
  name: "seed: a new database gets the route, a seeded one is unchanged, and an error ends the attempts",
  permissions: "none",
  async fn() {
    const store = new MemoryStore();
    const waiting = () => assert.fail();
    const first = parts(store);
    await seed(ROUTE, { ...first, waiting });
    assert.deepEqual(eventsOf(first.entries), ["seeded"]);
    const second = parts(store);
    await seed(ROUTE, { ...second, waiting });
    assert.deepEqual(eventsOf(second.entries), []);
    for (
      const [error, level] of [[new StoreReadOnly("no"), "warn"], [new Error("broken"), "error"]] as const
    ) {
      const broken = parts(store);
      broken.store.seed = () => Promise.reject(error);
      await seed(ROUTE, { ...broken, waiting });
      assert.deepEqual(broken.entries.map(({ event, level }) => [event, level]), [["seed_failed", level]]);
    }
  },
});

Deno.test({
  name: "seed: while the database is down the attempt is repeated until a stop",
  permissions: "none",
  async fn() {
    const store = new MemoryStore();
    const running = parts(store);
    store.seed = () => Promise.reject(new StoreUnavailable("down"));
    let waits = 0;
    const waiting = () => {
      if (++waits === 2) running.stop();
      return Promise.resolve();
    };
    await seed(ROUTE, { ...running, waiting });
    assert.equal(waits, 2);
    assert.deepEqual(eventsOf(running.entries), []);
  },
});
