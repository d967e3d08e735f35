import assert from "node:assert/strict";
import { type Loss, type WorkerEvents, WorkerPool } from "../../src/balancer/worker_pool.ts";
import { limitsOf } from "../../src/balancer/front/limits.ts";
import type { FromWorker, ToWorker } from "../../src/balancer/worker_protocol.ts";
import { routingTable } from "../../src/balancer/choose/routing.ts";
import { LIMITS } from "../support/simulated/balancer_in_process.ts";
import { settle } from "../support/http/simulated_client.ts";

interface SimulatedWorker {
  readonly heard: ToWorker[];
  readonly events: WorkerEvents;
  terminated: boolean;
}

const LISTEN = { hostname: "127.0.0.1", port: 8080 };
const SERVICE = { listen: LISTEN, table: new Map(), certificate: undefined };
const STOPPED: FromWorker = { kind: "stopped", counts: { redirected: 1, refused: 0 } };

/** Makes a pool of simulated workers in this thread. `control.answer` gives a worker's answer to `serve`. */
function simulate(workers: number, spares: number) {
  const all: SimulatedWorker[] = [];
  const losses: Loss[] = [];
  const spareLosses: number[] = [];
  const control = { answer: (_worker: number): FromWorker => ({ kind: "listening", port: 8080, held: [] }) };
  const pool = new WorkerPool({
    workers,
    spares,
    limits: limitsOf(LIMITS, 100, workers, 1),
    measuring: false,
    explains: false,
    accessSample: 0,
    startWorker(_listen, events) {
      const number = all.length;
      const worker: SimulatedWorker = { heard: [], events, terminated: false };
      all.push(worker);
      const say = (message: FromWorker) => queueMicrotask(() => worker.terminated || events.said(message));
      say({ kind: "loaded" });
      return {
        post(message) {
          worker.heard.push(message);
          if (message.kind === "serve") say(control.answer(number));
          if (message.kind === "stop") say(STOPPED);
        },
        terminate: () => void (worker.terminated = true),
      };
    },
  }, {
    measured() {},
    reported() {},
    noted() {},
    lost: (loss) => losses.push(loss),
    spareLost: (worker) => spareLosses.push(worker),
    acceptFailing() {},
    acceptRecovered() {},
  });
  return { pool, all, losses, spareLosses, control };
}

const ROUTE = { cdnHost: "cdn.example.net", cdnWeight: 9, originWeight: 1, originPort: null };

const kindsOf = ({ heard }: SimulatedWorker) => heard.map(({ kind }) => kind);

Deno.test({
  name: "pool: a spare worker waits, and replaces a worker that died, with the newest table",
  permissions: "none",
  async fn() {
    const { pool, all, losses } = simulate(2, 1);
    await pool.start(SERVICE);
    assert.deepEqual([pool.listening, pool.spares, kindsOf(all[2]!)], [2, 1, []]);
    const routes = ["a", "b"].map((cluster) => ({ ...ROUTE, cluster }));
    const first = routingTable(routes);
    pool.replace(first);
    const table = routingTable([routes[0]!, { ...ROUTE, cluster: "c" }], { previous: first });
    pool.replace(table);
    // Serving workers are sent only what has changed.
    const change = { kind: "routes", changed: new Map([["c", table.get("c")]]), removed: ["b"] };
    assert.deepEqual(all[0]!.heard.slice(1), [{ kind: "routes", changed: first, removed: [] }, change]);
    assert.deepEqual(kindsOf(all[2]!), []);
    all[0]!.events.died("it failed");
    await settle();
    assert.deepEqual(losses, [{ worker: 0, reason: "it failed", replacement: 2, left: 2 }]);
    assert.deepEqual([pool.listening, pool.spares, all[0]!.terminated], [2, 0, true]);
    const [serve] = all[2]!.heard;
    assert.ok(serve?.kind === "serve" && serve.table === table);
    all[1]!.events.died("it failed, too");
    assert.deepEqual(losses[1], { worker: 1, reason: "it failed, too", replacement: undefined, left: 1 });
  },
});

Deno.test({
  name: "pool: if a spare worker can't listen, the next one is used",
  permissions: "none",
  async fn() {
    const { pool, all, losses, control } = simulate(1, 2);
    await pool.start(SERVICE);
    control.answer = (worker) =>
      worker === 1 ? { kind: "failed", reason: "no" } : { kind: "listening", port: 8080, held: [] };
    all[0]!.events.died("it failed");
    await settle();
    assert.deepEqual(losses.map(({ worker, replacement }) => [worker, replacement]), [[0, 1], [1, 2]]);
    assert.equal(pool.listening, 1);
  },
});

Deno.test({
  name: "pool: the death of a waiting spare worker is reported",
  permissions: "none",
  async fn() {
    const { pool, all, losses, spareLosses } = simulate(1, 1);
    await pool.start(SERVICE);
    all[1]!.events.died("it failed");
    assert.deepEqual([spareLosses, losses, pool.spares, pool.listening], [[1], [], 0, 1]);
  },
});

Deno.test({
  name: "pool: every worker gets a new certificate, and so does a spare worker that serves later",
  permissions: "none",
  async fn() {
    const { pool, all } = simulate(2, 1);
    const certificate = { cert: "c", key: "k" };
    await pool.start({ ...SERVICE, certificate: { cert: "before", key: "k" } });
    pool.certify(certificate);
    assert.deepEqual(all.map(kindsOf), [["serve", "certificate"], ["serve", "certificate"], []]);
    assert.deepEqual(all[0]!.heard[1], { kind: "certificate", certificate });
    all[0]!.events.died("it failed");
    const [serve] = all[2]!.heard;
    assert.ok(serve?.kind === "serve" && serve.certificate === certificate);
  },
});

Deno.test({
  name: "pool: the start fails if a worker can't listen or keeps a permission",
  permissions: "none",
  async fn() {
    for (
      const [answer, message] of [
        [{ kind: "failed", reason: "in use" }, /^Error: in use$/],
        [{ kind: "listening", port: 1, held: ["net"] }, /^Error: it could not drop its permissions: net$/],
      ] as const
    ) {
      const { pool, control } = simulate(2, 1);
      control.answer = () => answer as FromWorker;
      await assert.rejects(pool.start(SERVICE), message);
    }
  },
});

Deno.test({
  name: "pool: a stop reaches every serving worker, and sums up their counts",
  permissions: "none",
  async fn() {
    const { pool, all, losses } = simulate(2, 1);
    await pool.start(SERVICE);
    pool.drain();
    const stopping = pool.stop(new Promise(() => {}));
    await stopping;
    assert.deepEqual(all.map(kindsOf), [["serve", "drain", "stop"], ["serve", "drain", "stop"], []]);
    assert.deepEqual([pool.counts, losses], [{ redirected: 2, refused: 0 }, []]);
    assert.ok(all.every(({ terminated }) => terminated));
  },
});
