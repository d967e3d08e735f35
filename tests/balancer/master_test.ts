import assert from "node:assert/strict";
import type { StartWorker, WorkerEvents } from "../../src/balancer/worker_pool.ts";
import type { ToWorker } from "../../src/balancer/worker_protocol.ts";
import { changedTable, type Route, type RoutingTable } from "../../src/balancer/choose/routing.ts";
import { StoreUnavailable } from "../../src/balancer/store/store.ts";
import { HealthBoard } from "../../src/balancer/health/health_board.ts";
import { CHECK_DEFAULTS } from "../../src/balancer/routes/route_options.ts";
import { balancer, CLUSTER, MemorySnapshot, SETTINGS } from "../support/simulated/balancer_in_process.ts";
import { MemoryStore } from "../support/database/memory_store.ts";
import { eventsOf, logInto } from "../support/recorded_log.ts";
import { SimulatedClock } from "../support/clock/simulated_clock.ts";

const ROUTE: Route = {
  cluster: CLUSTER,
  ...SETTINGS,
  version: 1,
  updatedAt: "2026-11-21T22:00:00.000Z",
  updatedBy: "alice",
};
const OUTAGE = new StoreUnavailable("The database does not answer");

interface SimulatedWorker {
  readonly heard: ToWorker[];
  readonly events: WorkerEvents;
  terminated: boolean;
}

/** Simulates workers in the master's thread. They only report that they listen or, as `failing`, why not. */
function simulatedWorkers(failing?: { reason: string } | { held: string[] }) {
  const workers: SimulatedWorker[] = [];
  const startWorker: StartWorker = (_listen, events) => {
    const worker: SimulatedWorker = { heard: [], events, terminated: false };
    workers.push(worker);
    const say = (...[message]: Parameters<WorkerEvents["said"]>) =>
      queueMicrotask(() => events.said(message));
    return {
      post(message) {
        worker.heard.push(message);
        if (message.kind === "stop") say({ kind: "stopped", counts: { redirected: 2, refused: 1 } });
        if (message.kind !== "serve") return;
        if (failing && "reason" in failing) say({ kind: "failed", ...failing });
        else say({ kind: "listening", port: 8080, held: [], ...failing });
      },
      terminate: () => void (worker.terminated = true),
    };
  };
  return { workers, startWorker };
}

/** Returns the table that a worker has after all messages to it. */
function tableOf(worker: SimulatedWorker): RoutingTable {
  let table: RoutingTable | undefined;
  for (const message of worker.heard) {
    if (message.kind === "serve") table = message.table;
    if (message.kind === "routes") table = changedTable(table!, message);
  }
  return table!;
}

const clustersOf = (worker: SimulatedWorker): string[] => [...tableOf(worker).keys()].sort();

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    assert.ok(performance.now() < deadline, "The condition did not hold within 10 s");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

const config = {
  workers: 2,
  spareWorkers: 0,
  explainHeader: false,
  accessLogSample: 1,
  drainDelayMs: 0,
  databaseUrl: "",
  dataDirectory: "data",
};

Deno.test({
  name: "master: workers start with the database's routes and get every change",
  permissions: "none",
  async fn() {
    const { workers, startWorker } = simulatedWorkers();
    let dropped = 0;
    const dropPermissions = () => void dropped++;
    const service = balancer({ startWorker, config: { ...config, firstRoute: undefined }, dropPermissions });
    await service.store.change(CLUSTER, "alice", () => SETTINGS);
    assert.equal(service.master.readiness, "starting");
    await service.master.start();
    assert.equal(service.master.readiness, "ready");
    assert.equal(dropped, 1);
    assert.deepEqual(workers.map(clustersOf), [[CLUSTER], [CLUSTER]]);
    await service.store.change("another", "alice", () => SETTINGS);
    assert.deepEqual(
      workers.map(clustersOf),
      [[CLUSTER, "another"], [CLUSTER, "another"]].map((all) => all.sort()),
    );
    assert.deepEqual(service.snapshot.routes?.map(({ cluster }) => cluster).sort(), ["another", CLUSTER]);
    await service.stop();
    assert.ok(workers.every(({ terminated }) => terminated));
    assert.deepEqual(eventsOf(service.log), ["routes", "listening", "routes", "stopped"]);
    const { redirected, refused } = service.log.at(-1)!;
    assert.deepEqual({ redirected, refused }, { redirected: 4, refused: 2 });
  },
});

Deno.test({
  name: "master: a database that never had a route gets the first route before workers serve",
  permissions: "none",
  async fn() {
    const firstRoute = { cluster: CLUSTER, ...SETTINGS };
    const { workers, startWorker } = simulatedWorkers();
    const service = balancer({ startWorker, config: { ...config, firstRoute } });
    await service.master.start();
    assert.deepEqual(clustersOf(workers[0]!), [CLUSTER]);
    assert.equal((await service.store.route(CLUSTER))!.updatedBy, "environment");
    await service.stop();

    const again = balancer({
      ...simulatedWorkers(),
      config: { ...config, firstRoute },
      store: service.store,
    });
    await service.store.change(CLUSTER, "alice", () => null);
    await again.master.start();
    assert.deepEqual(await service.store.routes(), []);
    assert.ok(!eventsOf(again.log).includes("seeded"));
    await again.stop();
  },
});

Deno.test({
  name: "master: with the database down it starts from the snapshot, and follows the database once it is up",
  permissions: "none",
  async fn() {
    for (const firstRoute of [undefined, { cluster: "first", ...SETTINGS }]) {
      const store = new MemoryStore();
      await store.change("newer", "alice", () => SETTINGS);
      store.fail(OUTAGE);
      // Unlike the memory store, a database that is down can't create the first route.
      const { seed } = store;
      store.seed = (...args) => store.routes().then(() => seed.apply(store, args));
      const snapshot = new MemorySnapshot();
      snapshot.routes = [ROUTE];
      const { workers, startWorker } = simulatedWorkers();
      const service = balancer({ startWorker, config: { ...config, firstRoute }, store, snapshot });
      await service.master.start();
      assert.equal(service.master.readiness, "stale");
      assert.deepEqual(clustersOf(workers[1]!), [CLUSTER]);
      store.fail(undefined);
      await until(() => service.master.readiness === "ready");
      assert.deepEqual(clustersOf(workers[1]!), ["newer"]);
      store.fail(OUTAGE);
      assert.equal(service.master.readiness, "stale");
      assert.deepEqual(clustersOf(workers[1]!), ["newer"]);
      await service.stop();
    }
  },
});

Deno.test({
  name: "master: with the database down and no valid snapshot it waits for the database",
  permissions: "none",
  async fn() {
    for (const routes of [undefined, [{ ...ROUTE, cdnHost: "a b" }], [null as unknown as Route]]) {
      const snapshot = new MemorySnapshot();
      snapshot.routes = routes;
      const store = new MemoryStore();
      store.fail(OUTAGE);
      const { workers, startWorker } = simulatedWorkers();
      const service = balancer({
        startWorker,
        config: { ...config, firstRoute: undefined },
        store,
        snapshot,
      });
      const started = service.master.start();
      await until(() => service.log.length > 0);
      assert.deepEqual(eventsOf(service.log), [routes ? "snapshot_refused" : "no_routes"]);
      assert.deepEqual([service.master.readiness, workers.length], ["starting", 0]);
      store.fail(undefined);
      await started;
      assert.equal(service.master.readiness, "ready");
      await service.stop();
    }
  },
});

Deno.test({
  name: "master: it can be stopped while it waits for the database",
  permissions: "none",
  async fn() {
    for (const firstRoute of [undefined, { cluster: CLUSTER, ...SETTINGS }]) {
      const store = new MemoryStore();
      store.fail(OUTAGE);
      store.seed = () => Promise.reject(OUTAGE);
      const service = balancer({ ...simulatedWorkers(), config: { ...config, firstRoute }, store });
      const started = service.master.start();
      await until(() => service.log.length > 0);
      await service.stop();
      await started;
      assert.ok(!eventsOf(service.log).includes("listening"));
    }
  },
});

Deno.test({
  name: "master: the start fails if a worker can't listen or keeps a permission",
  permissions: "none",
  async fn() {
    for (const failing of [{ reason: "Address already in use" }, { held: ["net"] }]) {
      const { workers, startWorker } = simulatedWorkers(failing);
      const service = balancer({ startWorker, config: { ...config, firstRoute: undefined } });
      await assert.rejects(
        service.master.start(),
        /^Error: Cannot listen on 127\.0\.0\.1:8080: (Address already in use|.*permissions: net)$/,
      );
      assert.ok(workers.every(({ terminated }) => terminated));
      assert.equal(service.master.readiness, "starting");
      await service.stop();
    }
  },
});

Deno.test({
  name: "master: it goes on after the death of a worker, and fails after the death of the last",
  permissions: "none",
  async fn() {
    const { workers, startWorker } = simulatedWorkers();
    const service = balancer({ startWorker, config: { ...config, firstRoute: undefined } });
    await service.master.start();
    let failed = false;
    service.master.failed.then(() => failed = true);
    workers[0]!.events.died("out of memory");
    workers[0]!.events.died("reported twice");
    await service.store.change(CLUSTER, "alice", () => SETTINGS);
    assert.deepEqual([clustersOf(workers[0]!), clustersOf(workers[1]!), failed], [[], [CLUSTER], false]);
    workers[1]!.events.said({ kind: "failed", reason: "out of memory" });
    await service.master.failed;
    const lost = service.log.filter(({ event }) => event === "worker_lost");
    assert.deepEqual(lost.map(({ worker, left }) => [worker, left]), [[0, 1], [1, 0]]);
    await service.stop();
  },
});

Deno.test({
  name: "master: measurements of the workers are passed on",
  permissions: "none",
  async fn() {
    const { workers, startWorker } = simulatedWorkers();
    const service = balancer({ startWorker, config: { ...config, firstRoute: undefined } });
    await service.master.start();
    const measurement = { requests: 3, slowest: 1500, fastest: 2 };
    workers[1]!.events.said({ kind: "measured", measurement });
    assert.deepEqual(service.measurements, [measurement]);
    assert.ok(workers[0]!.heard.some((message) => message.kind === "serve" && message.measuring));
    await service.stop();
  },
});

Deno.test({
  name: "master: an invalid route delays neither the start nor a change of another route",
  permissions: "none",
  async fn() {
    const { workers, startWorker } = simulatedWorkers();
    const store = new MemoryStore();
    await store.change(CLUSTER, "alice", () => SETTINGS);
    const { watch } = store;
    store.watch = (changed, state) =>
      watch.call(
        store,
        (routes) =>
          changed(
            routes.map((route) => route.cluster === "bad" ? { ...route, problem: "cdn_host: no" } : route),
          ),
        state,
      );
    await store.change("bad", "psql", () => SETTINGS);
    const service = balancer({ startWorker, config: { ...config, firstRoute: undefined }, store });
    await service.master.start();
    assert.deepEqual(workers.map(clustersOf), [[CLUSTER], [CLUSTER]]);
    await store.change("another", "alice", () => SETTINGS);
    assert.deepEqual(workers.map(clustersOf), [["another", CLUSTER], ["another", CLUSTER]]);
    assert.deepEqual(service.snapshot.routes?.map(({ cluster }) => cluster), ["another", CLUSTER]);
    await service.stop();
    assert.equal(eventsOf(service.log).filter((event) => event === "route_refused").length, 1);
  },
});

Deno.test({
  name: "master: no_routes is logged once, however often the database is tried",
  permissions: "none",
  async fn() {
    const store = new MemoryStore();
    let seeds = 0;
    store.seed = () => seeds++ < 3 ? Promise.reject(OUTAGE) : Promise.resolve(true);
    const { startWorker } = simulatedWorkers();
    const firstRoute = { cluster: CLUSTER, ...SETTINGS };
    const service = balancer({ startWorker, config: { ...config, firstRoute }, store });
    await service.master.start();
    await service.stop();
    assert.equal(seeds, 4);
    assert.equal(eventsOf(service.log).filter((event) => event === "no_routes").length, 1);
  },
});

Deno.test({
  name: "master: an environment that differs from the database is logged once, at the start",
  permissions: "none",
  async fn() {
    const { startWorker } = simulatedWorkers();
    const store = new MemoryStore();
    await store.change(CLUSTER, "alice", () => SETTINGS);
    for (
      const [firstRoute, told] of [
        [{ cluster: CLUSTER, ...SETTINGS }, false],
        [{ cluster: CLUSTER, ...SETTINGS, cdnHost: "other.example.net" }, true],
        [{ cluster: "another", ...SETTINGS }, true],
      ] as const
    ) {
      const service = balancer({ startWorker, config: { ...config, firstRoute }, store });
      await service.master.start();
      await service.stop();
      const events = eventsOf(service.log).filter((event) => event === "environment_ignored");
      assert.deepEqual(events, told ? ["environment_ignored"] : []);
    }
  },
});

Deno.test({
  name: "master: when health changes, workers get only the cluster that is affected",
  permissions: "none",
  async fn() {
    const { workers, startWorker } = simulatedWorkers();
    const clock = new SimulatedClock(0);
    const health = new HealthBoard({ clock, log: logInto([]) });
    const check = { ...CHECK_DEFAULTS, path: "/ping" };
    const cdns = ["a", "b"].map((name) => ({ name, host: `${name}.example.net`, weight: 1, check }));
    const snapshot = new MemorySnapshot();
    snapshot.routes = [{ ...ROUTE, cdns }, { ...ROUTE, cluster: "another" }];
    const store = new MemoryStore();
    store.fail(OUTAGE);
    const service = balancer({
      startWorker,
      config: { ...config, firstRoute: undefined },
      store,
      snapshot,
      health,
    });
    await service.master.start();
    const weights = () => workers.map((worker) => tableOf(worker).get(CLUSTER)!.effective.weights);
    const before = tableOf(workers[0]!).get("another");
    assert.deepEqual(weights(), [[1, 1, 1], [1, 1, 1]]);
    health.report(CLUSTER, "a", { state: "down", reason: "status 503" });
    await clock.pass(0);
    assert.deepEqual(weights().map(([origin, a, b]) => [a, b! === origin!]), [[0, true], [0, true]]);
    const last = workers[0]!.heard.at(-1)!;
    assert.ok(last.kind === "routes");
    assert.deepEqual([...last.changed.keys()], [CLUSTER]);
    assert.equal(tableOf(workers[0]!).get("another"), before);
    await service.stop();
    const heard = workers[0]!.heard.length;
    await clock.pass(60_000);
    assert.equal(workers[0]!.heard.length, heard);
  },
});

Deno.test({
  name: "master: overrides in the store are followed",
  permissions: "none",
  async fn() {
    const { workers, startWorker } = simulatedWorkers();
    const service = balancer({ startWorker, config: { ...config, firstRoute: undefined } });
    await service.store.change(CLUSTER, "alice", () => SETTINGS);
    await service.master.start();
    await service.store.override(CLUSTER, "cdn", "alice", { state: "drain", forS: 60 });
    await until(() => tableOf(workers[1]!).get(CLUSTER)!.effective.weights[1] === 0);
    await service.store.removeOverride(CLUSTER, "cdn");
    await until(() => tableOf(workers[1]!).get(CLUSTER)!.effective.weights[1] === 9);
    await service.stop();
  },
});
