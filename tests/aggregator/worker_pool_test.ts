import assert from "node:assert/strict";
import {
  SILENCE_MS_MAX,
  type StartWorker,
  type WorkerEvents,
  WorkerPool,
} from "../../src/aggregator/worker_pool.ts";
import {
  Control,
  createControl,
  type Prepare,
  pulseOf,
  type ToWorker,
} from "../../src/aggregator/worker_protocol.ts";
import { SimulatedClock } from "../support/clock/simulated_clock.ts";

const REUSEPORT: Prepare = { receiver: "reuseport" };
const PARTIAL = { kind: "partial", window: 0, next: 0, buffer: new ArrayBuffer(0) } as const;

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: `pool: ${name}`, permissions: "none", fn });
}

/** A worker that does nothing by itself: the test speaks for it. */
interface Puppet {
  events: WorkerEvents;
  heard: ToWorker[];
  terminated: number;
}

/** A pool of two workers and one spare, unless told otherwise; `told` is what it tells of them. */
function assemble({ workers = 2, spares = 1 } = {}) {
  const puppets: Puppet[] = [];
  const told: string[] = [];
  const control = createControl(workers + spares);
  const clock = new SimulatedClock(0);
  const startWorker: StartWorker = (_receiver, events) => {
    const puppet: Puppet = { events, heard: [], terminated: 0 };
    puppets.push(puppet);
    return {
      post: (message) => void puppet.heard.push(message),
      terminate: () => void puppet.terminated++,
    };
  };
  const pool = new WorkerPool({
    workers,
    spares,
    control,
    datagramBytesMax: 8192,
    sampling: false,
    startWorker,
    orderOf: (index) => ({ fds: [100 + index] }),
  }, {
    joined: (worker) => void told.push(`joined ${worker}`),
    partial: (worker) => void told.push(`partial ${worker}`),
    refused: ({ reason }) => void told.push(`refused ${reason}`),
    lost: (worker, reason, replacement) => void told.push(`lost ${worker}: ${reason}; ${replacement}`),
    spareLost: (worker, reason) => void told.push(`spare lost ${worker}: ${reason}`),
  });
  return { pool, puppets, told, control, clock };
}

/** As `assemble`; everyone is ready and receives. */
async function receiving(size = {}) {
  const parts = assemble(size);
  const prepared = parts.pool.prepare(REUSEPORT);
  for (const puppet of parts.puppets) puppet.events.said({ kind: "ready", held: [] });
  await prepared;
  parts.pool.receive();
  parts.told.splice(0);
  /** Lets time pass in steps, while all but the `silent` show a pulse. */
  const run = (forMs: number, silent: number[] = [], stepMs = 250) => {
    for (let ms = 0; ms < forMs; ms += stepMs) {
      parts.puppets.forEach((_, worker) => {
        if (!silent.includes(worker)) Atomics.add(parts.control, pulseOf(worker), 1);
      });
      parts.pool.checkPulses(stepMs);
    }
  };
  return { ...parts, run };
}

/** One worker and two spares that opened their own sockets; the worker, started last, receives. */
async function assembleListening() {
  const parts = assemble({ workers: 1, spares: 2 });
  const prepared = parts.pool.prepare({ receiver: "datagram", addresses: [{ hostname: "::1", port: 4711 }] });
  for (let started = 0; started < 3; started++) {
    parts.puppets[started]!.events.said({ kind: "ready", ports: [4711], held: [] });
    for (let i = 0; i < 10; i++) await null;
  }
  await prepared;
  parts.pool.receive();
  parts.told.splice(0);
  return parts;
}

/** The descriptors that a worker was told to read. */
function ordersOf({ heard }: Puppet): number[] {
  return heard.flatMap((message) => message.kind === "receive" ? [...message.fds ?? []] : []);
}

test("all are started together and prepared; the spares are parked", async () => {
  const { pool, puppets, told, control } = assemble();
  let prepared = false;
  const preparing = pool.prepare(REUSEPORT).then((port) => {
    prepared = true;
    return port;
  });
  assert.equal(puppets.length, 3);
  puppets.forEach(({ heard }, worker) =>
    assert.deepEqual(heard, [{
      kind: "prepare",
      worker,
      control,
      datagramBytesMax: 8192,
      sampling: false,
      open: REUSEPORT,
    }])
  );
  for (const { events } of puppets) {
    for (let i = 0; i < 5; i++) await null;
    assert.equal(prepared, false, "it waits for all");
    events.said({ kind: "ready", held: [] });
  }
  assert.equal(await preparing, undefined);
  pool.receive();
  assert.deepEqual(puppets.map(ordersOf), [[100], [101], []]);
  assert.deepEqual(told, ["joined 0", "joined 1"]);
});

test("datagram workers listen one behind the other, the spares first, on the port that the first got", async () => {
  const { pool, puppets } = assemble();
  const preparing = pool.prepare({ receiver: "datagram", addresses: [{ hostname: "::1", port: 0 }] });
  for (let started = 1; started <= 3; started++) {
    assert.equal(puppets.length, started);
    puppets[started - 1]!.events.said({ kind: "ready", ports: [4711], held: [] });
    for (let i = 0; i < 10; i++) await null;
  }
  assert.deepEqual(await preparing, [4711]);
  const prepared = puppets.map(({ heard }) => heard[0]!).map((message) =>
    message.kind === "prepare" &&
    [message.worker, "addresses" in message.open && message.open.addresses[0]?.port]
  );
  assert.deepEqual(prepared, [[2, 0], [1, 4711], [0, 4711]]);
});

test("prepare fails when a worker can't do it, dies, or still holds a permission", async () => {
  const cases: [name: string, end: (events: WorkerEvents) => void, message: RegExp][] = [
    ["can't", ({ said }) => said({ kind: "failed", reason: "Address in use" }), /^Address in use$/],
    ["dies", ({ died }) => died("no memory"), /^no memory$/],
    ["ends", ({ said }) => said({ kind: "stopped" }), /^it ended by itself$/],
    ["holds", ({ said }) => said({ kind: "ready", held: ["net", "ffi"] }), /drop its permissions: net, ffi$/],
  ];
  for (const [name, end, message] of cases) {
    for (
      const open of [REUSEPORT, { receiver: "datagram", addresses: [{ hostname: "::1", port: 1 }] } as const]
    ) {
      const { pool, puppets } = assemble();
      const prepared = assert.rejects(pool.prepare(open), { message }, name);
      end(puppets[0]!.events);
      await prepared;
      pool.terminate();
      assert.ok(puppets.every(({ terminated }) => terminated > 0));
    }
  }
});

test("a worker that dies before it receives is replaced when the others begin", async () => {
  const { pool, puppets, told } = assemble();
  const prepared = pool.prepare(REUSEPORT);
  for (const { events } of puppets) events.said({ kind: "ready", held: [] });
  await prepared;
  puppets[0]!.events.died("bang");
  assert.deepEqual(told, []);
  pool.receive();
  assert.deepEqual(puppets.map(ordersOf), [[], [101], [100]]);
  assert.deepEqual(told, ["joined 2", "lost 0: it died before it received; 2", "joined 1"]);
});

test("partials are passed on, with the worker they came from; also what a dead one had still posted", async () => {
  const { puppets, told } = await receiving();
  puppets[1]!.events.said(PARTIAL);
  puppets[0]!.events.died("bang");
  puppets[0]!.events.said(PARTIAL);
  assert.deepEqual(told, ["partial 1", "joined 2", "lost 0: bang; 2", "partial 0"]);
});

test("a spare takes the place of a worker that dies; without one that is told", async () => {
  const { puppets, told } = await receiving({ workers: 2, spares: 2 });
  puppets[1]!.events.died("bang");
  assert.equal(puppets[1]!.terminated, 1);
  puppets[1]!.events.died("twice");
  puppets[2]!.events.said({ kind: "failed", reason: "no socket" });
  puppets[0]!.events.said({ kind: "stopped" });
  puppets[3]!.events.died("bang");
  assert.deepEqual(puppets.map(ordersOf), [[100], [101], [101], [101]]);
  assert.deepEqual(told, [
    "joined 2",
    "lost 1: bang; 2",
    "joined 3",
    "lost 2: no socket; 3",
    "lost 0: it ended by itself; undefined",
    "lost 3: bang; undefined",
  ]);
});

test("a spare that dies is told, and not put in any more", async () => {
  const { puppets, told } = await receiving({ workers: 1, spares: 2 });
  puppets[1]!.events.died("bang");
  puppets[0]!.events.died("bang");
  assert.deepEqual(puppets.map(ordersOf), [[100], [], [100]]);
  assert.deepEqual(told, ["spare lost 1: bang", "joined 2", "lost 0: bang; 2"]);
});

test("a worker silent for 2 s of running time is replaced; a parked spare has no pulse to show", async () => {
  const { run, told, puppets } = await receiving();
  run(10_000, [2]);
  run(SILENCE_MS_MAX - 250, [0, 2]);
  assert.deepEqual(told, []);
  run(250, [0, 2]);
  assert.deepEqual(told, ["joined 2", "lost 0: it gave no sign of life for 2 s; 2"]);
  assert.equal(puppets[0]!.terminated, 0, "should it wake up, it still hands over");
  run(SILENCE_MS_MAX - 250, [0, 2]);
  assert.equal(told.length, 2, "the spare's silence begins when it is put in");
  run(10_000, [0]);
  assert.equal(told.length, 2, "the dead one is not looked at");
});

test("a silent worker that opened its socket itself keeps it: no spare can help", async () => {
  const { pool, puppets, told } = await assembleListening();
  for (let ms = 0; ms < SILENCE_MS_MAX; ms += 250) pool.checkPulses(250);
  assert.deepEqual(told, ["lost 0: it gave no sign of life for 2 s, and keeps its socket; undefined"]);
  assert.deepEqual(puppets.map(({ heard }) => heard.length), [1, 1, 2], "prepared, prepared, receiving");
});

test("of sockets opened one by one the spare with the lowest number has the one that receives next", async () => {
  const { puppets, told } = await assembleListening();
  puppets[2]!.events.died("bang");
  assert.deepEqual(told, ["joined 1", "lost 0: bang; 1"]);
});

test("one pulse is enough, whenever it comes", async () => {
  const { run, told } = await receiving();
  for (let i = 0; i < 10; i++) {
    run(SILENCE_MS_MAX - 250, [0]);
    run(250);
  }
  assert.deepEqual(told, []);
});

test("a pulse that wraps around is a pulse", async () => {
  const { control, run, told } = await receiving();
  Atomics.store(control, pulseOf(0), 2 ** 31 - 4);
  run(10_000);
  assert.deepEqual(told, []);
});

test("stop signals it to the workers and waits for each to end", async () => {
  const { pool, puppets, control, clock } = await receiving();
  const stopped = pool.stop(clock, 700);
  assert.equal(Atomics.load(control, Control.stop), 1);
  puppets[0]!.events.said(PARTIAL);
  puppets[0]!.events.said({ kind: "stopped" });
  await clock.pass(300);
  assert.equal(puppets[0]!.terminated, 0, "the other may still need its shared things");
  puppets[1]!.events.said({ kind: "stopped" });
  assert.deepEqual(await stopped, []);
  assert.deepEqual(puppets.map(({ terminated }) => terminated), [1, 1, 1]);
});

test("stop returns the workers that could not hand over: stuck ones, and those that died meanwhile", async () => {
  const { pool, puppets, told, clock } = await receiving({ workers: 3, spares: 1 });
  const stopping = pool.stop(clock, 700);
  puppets[0]!.events.died("bang");
  puppets[1]!.events.said({ kind: "stopped" });
  await clock.pass(699);
  assert.ok(puppets.every(({ terminated }) => terminated === 0));
  await clock.pass(1);
  assert.deepEqual(await stopping, [
    { worker: 0, reason: "bang" },
    { worker: 2, reason: "it did not stop in time" },
  ]);
  assert.deepEqual(told, [], "nobody takes a place any more");
  assert.deepEqual(ordersOf(puppets[3]!), []);
  assert.ok(puppets.every(({ terminated }) => terminated === 1));
});

test("stop does not wait for a worker that was dead before", async () => {
  const { pool, puppets, clock } = await receiving({ workers: 1, spares: 0 });
  puppets[0]!.events.died("bang");
  assert.deepEqual(await pool.stop(clock, 700), []);
});
