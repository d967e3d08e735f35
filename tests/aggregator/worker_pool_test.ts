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

/** A worker that does nothing by itself: the test sends its events. */
interface FakeWorker {
  events: WorkerEvents;
  posted: ToWorker[];
  terminated: number;
}

/** Makes a pool, by default of two workers and one spare. `reported` lists the events that the pool reported. */
function assemble({ workers = 2, spares = 1 } = {}) {
  const fakes: FakeWorker[] = [];
  const reported: string[] = [];
  const control = createControl(workers + spares);
  const clock = new SimulatedClock(0);
  const startWorker: StartWorker = (_receiver, events) => {
    const fake: FakeWorker = { events, posted: [], terminated: 0 };
    fakes.push(fake);
    return {
      post: (message) => void fake.posted.push(message),
      terminate: () => void fake.terminated++,
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
    joined: (worker) => void reported.push(`joined ${worker}`),
    partial: (worker) => void reported.push(`partial ${worker}`),
    refused: ({ reason }) => void reported.push(`refused ${reason}`),
    lost: (worker, reason, replacement) => void reported.push(`lost ${worker}: ${reason}; ${replacement}`),
    spareLost: (worker, reason) => void reported.push(`spare lost ${worker}: ${reason}`),
  });
  return { pool, fakes, reported, control, clock };
}

/** Makes a pool as `assemble` does, with all its workers ready and receiving. */
async function receiving(size = {}) {
  const parts = assemble(size);
  const prepared = parts.pool.prepare(REUSEPORT);
  for (const fake of parts.fakes) fake.events.said({ kind: "ready", held: [] });
  await prepared;
  parts.pool.receive();
  parts.reported.splice(0);
  /** Lets time pass in steps. At each step all workers but the `silent` ones show a pulse. */
  const run = (forMs: number, silent: number[] = [], stepMs = 250) => {
    for (let ms = 0; ms < forMs; ms += stepMs) {
      parts.fakes.forEach((_, worker) => {
        if (!silent.includes(worker)) Atomics.add(parts.control, pulseOf(worker), 1);
      });
      parts.pool.checkPulses(stepMs);
    }
  };
  return { ...parts, run };
}

/** Makes a pool of one worker and two spares that opened their own sockets. The worker started last. */
async function assembleListening() {
  const parts = assemble({ workers: 1, spares: 2 });
  const prepared = parts.pool.prepare({ receiver: "datagram", addresses: [{ hostname: "::1", port: 4711 }] });
  for (let started = 0; started < 3; started++) {
    parts.fakes[started]!.events.said({ kind: "ready", ports: [4711], held: [] });
    for (let i = 0; i < 10; i++) await null;
  }
  await prepared;
  parts.pool.receive();
  parts.reported.splice(0);
  return parts;
}

/** The file descriptors that a worker was ordered to read. */
function ordersOf({ posted }: FakeWorker): number[] {
  return posted.flatMap((message) => message.kind === "receive" ? [...message.fds ?? []] : []);
}

test("workers and spares are started together and prepared; spares stay parked", async () => {
  const { pool, fakes, reported, control } = assemble();
  let prepared = false;
  const preparing = pool.prepare(REUSEPORT).then((port) => {
    prepared = true;
    return port;
  });
  assert.equal(fakes.length, 3);
  fakes.forEach(({ posted }, worker) =>
    assert.deepEqual(posted, [{
      kind: "prepare",
      worker,
      control,
      datagramBytesMax: 8192,
      sampling: false,
      open: REUSEPORT,
    }])
  );
  for (const { events } of fakes) {
    for (let i = 0; i < 5; i++) await null;
    assert.equal(prepared, false, "prepare waits for all");
    events.said({ kind: "ready", held: [] });
  }
  assert.equal(await preparing, undefined);
  pool.receive();
  assert.deepEqual(fakes.map(ordersOf), [[100], [101], []]);
  assert.deepEqual(reported, ["joined 0", "joined 1"]);
});

test("datagram workers are started one after the other, spares first, on the port that the first one got", async () => {
  const { pool, fakes } = assemble();
  const preparing = pool.prepare({ receiver: "datagram", addresses: [{ hostname: "::1", port: 0 }] });
  for (let started = 1; started <= 3; started++) {
    assert.equal(fakes.length, started);
    fakes[started - 1]!.events.said({ kind: "ready", ports: [4711], held: [] });
    for (let i = 0; i < 10; i++) await null;
  }
  assert.deepEqual(await preparing, [4711]);
  const prepared = fakes.map(({ posted }) => posted[0]!).map((message) =>
    message.kind === "prepare" &&
    [message.worker, "addresses" in message.open && message.open.addresses[0]?.port]
  );
  assert.deepEqual(prepared, [[2, 0], [1, 4711], [0, 4711]]);
});

test("prepare fails when a worker reports a failure, dies, ends, or still holds a permission", async () => {
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
      const { pool, fakes } = assemble();
      const prepared = assert.rejects(pool.prepare(open), { message }, name);
      end(fakes[0]!.events);
      await prepared;
      pool.terminate();
      assert.ok(fakes.every(({ terminated }) => terminated > 0));
    }
  }
});

test("a worker that dies before it receives is replaced when the others start to receive", async () => {
  const { pool, fakes, reported } = assemble();
  const prepared = pool.prepare(REUSEPORT);
  for (const { events } of fakes) events.said({ kind: "ready", held: [] });
  await prepared;
  fakes[0]!.events.died("bang");
  assert.deepEqual(reported, []);
  pool.receive();
  assert.deepEqual(fakes.map(ordersOf), [[], [101], [100]]);
  assert.deepEqual(reported, ["joined 2", "lost 0: it died before it received; 2", "joined 1"]);
});

test("partials are passed on with their worker's number, even those that a dead worker had posted before", async () => {
  const { fakes, reported } = await receiving();
  fakes[1]!.events.said(PARTIAL);
  fakes[0]!.events.died("bang");
  fakes[0]!.events.said(PARTIAL);
  assert.deepEqual(reported, ["partial 1", "joined 2", "lost 0: bang; 2", "partial 0"]);
});

test("a spare replaces a worker that dies; when no spare is left, the event says so", async () => {
  const { fakes, reported } = await receiving({ workers: 2, spares: 2 });
  fakes[1]!.events.died("bang");
  assert.equal(fakes[1]!.terminated, 1);
  fakes[1]!.events.died("twice");
  fakes[2]!.events.said({ kind: "failed", reason: "no socket" });
  fakes[0]!.events.said({ kind: "stopped" });
  fakes[3]!.events.died("bang");
  assert.deepEqual(fakes.map(ordersOf), [[100], [101], [101], [101]]);
  assert.deepEqual(reported, [
    "joined 2",
    "lost 1: bang; 2",
    "joined 3",
    "lost 2: no socket; 3",
    "lost 0: it ended by itself; undefined",
    "lost 3: bang; undefined",
  ]);
});

test("a spare that dies is reported and no longer used", async () => {
  const { fakes, reported } = await receiving({ workers: 1, spares: 2 });
  fakes[1]!.events.died("bang");
  fakes[0]!.events.died("bang");
  assert.deepEqual(fakes.map(ordersOf), [[100], [], [100]]);
  assert.deepEqual(reported, ["spare lost 1: bang", "joined 2", "lost 0: bang; 2"]);
});

test("a worker without a pulse for 2 s of running time is replaced; parked spares need no pulse", async () => {
  const { run, reported, fakes } = await receiving();
  run(10_000, [2]);
  run(SILENCE_MS_MAX - 250, [0, 2]);
  assert.deepEqual(reported, []);
  run(250, [0, 2]);
  assert.deepEqual(reported, ["joined 2", "lost 0: it gave no sign of life for 2 s; 2"]);
  assert.equal(
    fakes[0]!.terminated,
    0,
    "the silent worker is not terminated: if it wakes up, it still hands over",
  );
  run(SILENCE_MS_MAX - 250, [0, 2]);
  assert.equal(reported.length, 2, "the spare's silence is counted from the moment it starts to receive");
  run(10_000, [0]);
  assert.equal(reported.length, 2, "the replaced worker is not checked any more");
});

test("a silent worker that opened its own socket is not replaced, because it keeps that socket", async () => {
  const { pool, fakes, reported } = await assembleListening();
  for (let ms = 0; ms < SILENCE_MS_MAX; ms += 250) pool.checkPulses(250);
  assert.deepEqual(reported, ["lost 0: it gave no sign of life for 2 s, and keeps its socket; undefined"]);
  assert.deepEqual(fakes.map(({ posted }) => posted.length), [1, 1, 2], "prepared, prepared, receiving");
});

test("with sockets opened one by one, the spare with the lowest number takes over, as its socket receives next", async () => {
  const { fakes, reported } = await assembleListening();
  fakes[2]!.events.died("bang");
  assert.deepEqual(reported, ["joined 1", "lost 0: bang; 1"]);
});

test("one pulse in 2 s is enough", async () => {
  const { run, reported } = await receiving();
  for (let i = 0; i < 10; i++) {
    run(SILENCE_MS_MAX - 250, [0]);
    run(250);
  }
  assert.deepEqual(reported, []);
});

test("a pulse whose counter wraps around counts as a pulse", async () => {
  const { control, run, reported } = await receiving();
  Atomics.store(control, pulseOf(0), 2 ** 31 - 4);
  run(10_000);
  assert.deepEqual(reported, []);
});

test("stop signals the workers and waits until each has ended", async () => {
  const { pool, fakes, control, clock } = await receiving();
  const stopped = pool.stop(clock, 700);
  assert.equal(Atomics.load(control, Control.stop), 1);
  fakes[0]!.events.said(PARTIAL);
  fakes[0]!.events.said({ kind: "stopped" });
  await clock.pass(300);
  assert.equal(fakes[0]!.terminated, 0, "the other worker may still need what they share");
  fakes[1]!.events.said({ kind: "stopped" });
  assert.deepEqual(await stopped, []);
  assert.deepEqual(fakes.map(({ terminated }) => terminated), [1, 1, 1]);
});

test("stop returns the workers that could not hand over: those that are stuck, and those that died meanwhile", async () => {
  const { pool, fakes, reported, clock } = await receiving({ workers: 3, spares: 1 });
  const stopping = pool.stop(clock, 700);
  fakes[0]!.events.died("bang");
  fakes[1]!.events.said({ kind: "stopped" });
  await clock.pass(699);
  assert.ok(fakes.every(({ terminated }) => terminated === 0));
  await clock.pass(1);
  assert.deepEqual(await stopping, [
    { worker: 0, reason: "bang" },
    { worker: 2, reason: "it did not stop in time" },
  ]);
  assert.deepEqual(reported, [], "no spare is used during a stop");
  assert.deepEqual(ordersOf(fakes[3]!), []);
  assert.ok(fakes.every(({ terminated }) => terminated === 1));
});

test("stop does not wait for a worker that died before", async () => {
  const { pool, fakes, clock } = await receiving({ workers: 1, spares: 0 });
  fakes[0]!.events.died("bang");
  assert.deepEqual(await pool.stop(clock, 700), []);
});
