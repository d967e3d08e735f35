import assert from "node:assert/strict";
import { type PoolMember, SparePool } from "../../src/shared/spare_pool.ts";
import type { WorkerEvents } from "../../src/shared/worker_thread.ts";

interface Member extends PoolMember<string> {
  state: "parked" | "working" | "gone";
}

/** A pool whose workers work from the start, and whose spare workers are parked. */
class TestPool extends SparePool<string, string, Member> {
  readonly told: string[] = [];
  readonly posted: string[] = [];
  readonly events: WorkerEvents<string>[] = [];

  constructor(workers: number, spares: number) {
    super();
    // The last worker starts first: spare workers take over in order of number, not of start.
    for (let worker = workers + spares - 1; worker >= 0; worker--) {
      this.add(worker, (events) => {
        this.events[worker] = events;
        return {
          post: (message) => void this.posted.push(`${worker} ${message}`),
          terminate: () => void this.posted.push(`${worker} terminated`),
        };
      }, { state: worker < workers ? "working" : "parked" });
    }
  }

  protected override isParked({ state }: Member): boolean {
    return state === "parked";
  }

  protected override said(member: Member, message: string): void {
    this.told.push(`${member.worker} said ${message}`);
    if (message === "stopped") member.ended.resolve();
  }

  protected override died(member: Member, reason: string): void {
    member.state = "gone";
    const spare = this.nextSpare();
    if (spare) spare.state = "working";
    this.told.push(
      `${member.worker} died: ${reason}; ${spare?.worker} takes over, stopping: ${this.isStopping}`,
    );
  }

  stop(deadline: Promise<void>): Promise<void> {
    const working = this.members.filter(({ state }) => state === "working");
    return this.stopAll(working, ({ handle }) => handle.post("stop"), deadline);
  }
}

function test(name: string, fn: () => void | Promise<void>): void {
  Deno.test({ name: `spare pool: ${name}`, permissions: "none", fn });
}

test("spare workers take over in order of number, until none is left", () => {
  const pool = new TestPool(2, 2);
  for (const worker of [0, 2, 1]) pool.events[worker]!.died("it crashed");
  assert.deepEqual(pool.told, [
    "0 died: it crashed; 2 takes over, stopping: false",
    "2 died: it crashed; 3 takes over, stopping: false",
    "1 died: it crashed; undefined takes over, stopping: false",
  ]);
});

test("a message arrives with the worker that sent it", () => {
  const pool = new TestPool(2, 1);
  pool.events[1]!.said("hello");
  assert.deepEqual(pool.told, ["1 said hello"]);
});

test("a stop asks the workers to stop, waits for them, and then terminates every thread", async () => {
  const pool = new TestPool(2, 1);
  const stopped = pool.stop(new Promise(() => {}));
  pool.events[0]!.said("stopped");
  await Promise.resolve();
  assert.deepEqual(pool.posted.sort(), ["0 stop", "1 stop"]);
  pool.events[1]!.said("stopped");
  await stopped;
  assert.deepEqual(pool.posted.sort(), ["0 stop", "0 terminated", "1 stop", "1 terminated", "2 terminated"]);
});

test("a stop does not wait beyond its deadline, and a death meanwhile counts as during a stop", async () => {
  const pool = new TestPool(1, 1);
  const deadline = Promise.withResolvers<void>();
  const stopped = pool.stop(deadline.promise);
  pool.events[0]!.died("it crashed");
  deadline.resolve();
  await stopped;
  assert.deepEqual(pool.told, ["0 died: it crashed; 1 takes over, stopping: true"]);
});
