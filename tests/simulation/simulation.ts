import assert from "node:assert/strict";
import type { AggregatorConfig } from "../../src/aggregator/config.ts";
import { CONFIG } from "../support/simulated/simulated_aggregator.ts";
import { Life } from "./life.ts";
import { Oracle } from "./oracle.ts";
import { Random } from "./random.ts";
import { makeDatagram, planTraffic } from "./traffic.ts";
import { TroubledDisk } from "./troubled_disk.ts";
import type { SimulatedWorker } from "./simulated_worker.ts";
import { World } from "./world.ts";

/** What happened in a run. It shows whether the seeds together cover every kind of trouble. */
export interface Outcome {
  simulatedMs: number;
  messages: number;
  records: number;
  lives: number;
  kills: number;
  workerTroubles: number;
  clockSteps: number;
  diskTroubles: number;
  rotations: number;
  /** The texts of all output files, in their order. */
  files: readonly string[];
}

const WINDOWS = [[10, 60], [1, 2], [1, 3, 6], [5, 15, 60], [10]] as const;
/** In most runs only troubles rename the file; else the service does, daily or every 5 or 20 records. */
const ROTATE = [null, null, null, { kind: "daily" }, { kind: "size", bytes: 450 }, {
  kind: "size",
  bytes: 1800,
}] as const;
/** A worker without datagrams looks at the control word this often, in milliseconds. */
const LOOK_MS = 50;
/** How long a worker's trouble can have effects. */
const TROUBLE_MS = 5000;
/** Steps of the clock, most of them small. */
const STEPS_MS = [2, 50, 1000, 1000, 20_000, 20_000, 300_000, 3_000_000, 86_400_000] as const;

/** One run: the real master, windows, timeline, sink and checkpoint go through the seed's troubles. */
export class Simulation {
  readonly #random: Random;
  readonly #world: World;
  readonly #disk: TroubledDisk;
  readonly #config: AggregatorConfig;
  readonly #oracle: Oracle;
  readonly #untilMs: number;
  readonly #trace: (event: string) => void;
  readonly #outcome: Outcome = {
    simulatedMs: 0,
    messages: 0,
    records: 0,
    lives: 0,
    kills: 0,
    workerTroubles: 0,
    clockSteps: 0,
    diskTroubles: 0,
    rotations: 0,
    files: [],
  };
  #life: Life | undefined;
  #calmFromMs = 0;
  #isEnding = false;
  /** The first error of a promise that is not awaited. */
  #failure: unknown;

  /** @param trace gets one line for each event */
  constructor(seed: number, trace: (line: string) => void = () => {}) {
    const random = this.#random = new Random(seed);
    this.#world = new World(1_700_000_000_000 + random.integer(100_000_000));
    this.#config = {
      ...CONFIG,
      windowSeconds: random.pick(WINDOWS),
      align: random.pick(["start", "epoch"]),
      workers: 1 + random.integer(3),
      spareWorkers: random.integer(4),
      rotate: random.pick(ROTATE),
    };
    this.#disk = new TroubledDisk(this.#config.outPath, this.#world, random);
    this.#oracle = new Oracle(this.#config.windowSeconds);
    this.#untilMs = 60_000 + random.integer(600_000);
    this.#trace = (event) => trace(`${this.#world.nowMs.toFixed(3)} ${event}`);
  }

  /** @throws {AssertionError} The files do not agree with what happened. */
  async run(): Promise<Outcome> {
    const [world, outcome] = [this.#world, this.#outcome];
    this.#start();
    planTraffic(world, this.#random, () => this.#read());
    this.#planTroubles();
    while (world.nowMs < this.#untilMs || this.#life?.state !== "serving") {
      if (this.#step()) await this.#settle();
    }
    this.#isEnding = true;
    this.#disk.calm();
    this.#stop();
    while (this.#life) {
      if (this.#step()) await this.#settle();
    }
    outcome.files = this.#disk.files();
    this.#oracle.checkEnd(outcome.files);
    outcome.simulatedMs = world.nowMs;
    outcome.records = outcome.files.join("").split("\n").length - 1;
    return outcome;
  }

  /** Runs the next event; returns whether promises may have work to do after it. */
  #step(): boolean {
    const { operations } = this.#disk.disk;
    if (!this.#world.step()) throw new Error("Nothing is left to happen");
    this.#planLooks();
    return this.#life?.state !== "serving" || this.#disk.disk.operations !== operations || this.#disk.resumed;
  }

  /** Waits for all promises, except for those that a pause of the disk holds up. */
  async #settle(): Promise<void> {
    const { disk } = this.#disk;
    this.#disk.resumed = false;
    for (let before = -1; disk.ready > 0 || before !== disk.operations;) {
      before = disk.operations;
      for (let i = 0; i < 20; i++) await null;
    }
    if (this.#failure) throw this.#failure;
  }

  #start(): void {
    this.#trace(`start, with ${this.#disk.disk.paths()}`);
    const world = this.#world;
    const life: Life = this.#life = new Life(world, this.#disk.disk, {
      // A killed process has ended with all its workers.
      handedOver: (what) => life.state !== "ended" && this.#oracle.handedOver(what, world.nowMs),
      died: (datagrams) => life.state !== "ended" && this.#oracle.workerEnded(datagrams),
    }, (entry) => {
      this.#trace(`  log: ${JSON.stringify(entry)}`);
      if (entry.event === "rotated") this.#outcome.rotations++;
      if (entry.event === "worker_lost") this.#oracle.workerLost(Number(entry.worker));
    });
    if (this.#random.chance(0.1)) this.#killSoon(25);
    const { isLastMoved } = this.#disk;
    const begun = life.start(this.#config, (++this.#outcome.lives).toString(16)).then(() => {
      if (this.#life !== life) return;
      this.#oracle.began(this.#disk.files(), {
        atMs: world.nowMs,
        wallAheadMs: world.wallAheadMs,
        mayGoBack: life.log.some(({ event }) => event === "future_file") || isLastMoved,
        align: this.#config.align,
      });
      life.failed.then(() => this.#life === life && life.state === "serving" && this.#stop());
    });
    begun.catch((error) => this.#failure ??= error);
  }

  #stop(): void {
    this.#trace("stop");
    // A stop with a broken disk writes the records to the log, which other tests cover.
    this.#disk.repair();
    if (!this.#isEnding && this.#random.chance(0.1)) this.#killSoon(15);
    const life = this.#life!;
    const askedAtMs = this.#world.nowMs;
    const ended = life.stop().then((isSafe) => {
      if (this.#life !== life) return;
      assert.ok(isSafe, "a stop with a disk that works leaves every record safe");
      const { disk } = this.#disk;
      const unfinished = disk.paths().some((path) => path.includes("checkpoint"));
      const { count } = life;
      this.#oracle.stopped(this.#disk.files(), { askedAtMs, atMs: this.#world.nowMs, unfinished, count });
      this.#ended();
    });
    ended.catch((error) => this.#failure ??= error);
  }

  #kill(): void {
    this.#life!.kill();
    this.#outcome.kills++;
    const { nowMs: atMs } = this.#world;
    const { failingSinceMs, operationMsMax } = this.#disk;
    const calm = atMs >= this.#calmFromMs && failingSinceMs === undefined && operationMsMax === 0;
    this.#oracle.killed(this.#disk.files(), { atMs, failingSinceMs, operationMsMax, calm });
    this.#disk.repair();
    this.#ended();
  }

  /** Calls `happen` right before one of the next operations of the disk. */
  #soon(name: string, operationsMax: number, happen: () => void): void {
    this.#disk.interrupt(1 + this.#random.integer(operationsMax), () => {
      this.#trace(`${name}, at an operation of the disk`);
      try {
        happen();
      } catch (error) {
        this.#failure ??= error; // Not thrown: the service would take it for an error of the disk.
      }
    });
  }

  #killSoon(operationsMax: number): void {
    this.#soon("kill", operationsMax, () => this.#kill());
  }

  #stopSoon(): void {
    // Not at once: a signal handler runs between two turns of the event loop.
    const stop = () => this.#life?.state === "serving" && !this.#isEnding && this.#stop();
    this.#soon("stop", 10, () => this.#world.after(0, stop));
  }

  #ended(): void {
    this.#life = undefined;
    this.#disk.interrupt(0, () => {});
    this.#world.after(this.#random.below(5000), () => this.#start());
  }

  /** Plans looks at the control word after a tick, as if workers had waited for datagrams until then. */
  #planLooks(): void {
    const life = this.#life;
    const tick = life?.workers[0]?.tick;
    if (!life || tick === life.tickSeen) return;
    life.tickSeen = tick;
    for (const worker of life.workers) {
      if (!worker.receiving) continue;
      this.#world.after(this.#random.below(LOOK_MS), () => this.#life === life && worker.look());
    }
  }

  #read(): void {
    const receiving = this.#life?.state === "serving" ? this.#life.receiving : [];
    if (receiving.length === 0) return;
    const { text, messages } = makeDatagram(this.#random, this.#world.nowMs);
    this.#outcome.messages += messages.length;
    this.#random.pick(receiving).read(text, messages);
  }

  #planTroubles(): void {
    const random = this.#random;
    const everyMs = random.pick([4_000, 20_000, 100_000]);
    const next = () => {
      if (this.#isEnding) return;
      const trouble = random.pick(this.#troubles);
      const isPossible = trouble.when.includes(this.#life?.state ?? "ended");
      if (isPossible) {
        this.#trace(trouble.name);
        trouble.happen();
      }
      // About a third of the troubles are followed by another one within 500 ms.
      this.#world.after(random.below(random.chance(0.3) ? 500 : 2 * everyMs), next);
    };
    this.#world.after(random.below(everyMs), next);
  }

  readonly #troubles: readonly { name: string; when: readonly Life["state"][]; happen: () => void }[] = [
    { name: "kill", when: ["starting", "serving", "stopping"], happen: () => this.#kill() },
    { name: "kill soon", when: ["serving"], happen: () => this.#killSoon(10) },
    { name: "kill in a backlog", when: ["serving"], happen: () => this.#killInBacklog() },
    {
      name: "rename soon",
      when: ["serving"],
      happen: () => this.#soon("rename", 10, () => this.#disk.rename()),
    },
    { name: "stop soon", when: ["serving"], happen: () => this.#stopSoon() },
    { name: "stop", when: ["serving"], happen: () => this.#stop() },
    { name: "a worker dies", when: ["serving"], happen: () => this.#worker()?.die() },
    { name: "a worker hangs", when: ["serving"], happen: () => this.#hangWorker(20_000) },
    { name: "a worker pauses", when: ["serving"], happen: () => this.#hangWorker(1700) },
    {
      name: "the clock steps",
      when: ["starting", "serving", "stopping", "ended"],
      happen: () => this.#stepClock(),
    },
    ...(["fail", "fill", "slowDown", "shortenWrites", "rename", "moveAway"] as const).map((name) => ({
      name,
      when: ["serving"] as const,
      happen: () => {
        this.#outcome.diskTroubles++;
        this.#disk[name]();
      },
    })),
  ];

  #worker(): SimulatedWorker | undefined {
    const { receiving } = this.#life!;
    if (receiving.length === 0) return undefined;
    this.#outcome.workerTroubles++;
    this.#calmFromMs = this.#world.nowMs + TROUBLE_MS;
    return this.#random.pick(receiving);
  }

  /**
   * Lets a worker hang. After 1 s no window waits for it any more; after 2 s the service declares it dead.
   */
  #hangWorker(msMax: number): void {
    const worker = this.#worker();
    worker?.hang();
    this.#world.after(this.#random.below(msMax), () => worker?.resume());
  }

  /** Produces many records at once on a slow disk, and a kill before all of them are written. */
  #killInBacklog(): void {
    this.#disk.slowDown();
    this.#disk.shortenWrites();
    this.#stepClock(this.#random.integer(100_000));
    this.#killSoon(200);
  }

  #stepClock(byMs = this.#random.integer(this.#random.pick(STEPS_MS)) * this.#random.pick([1, -1])): void {
    this.#world.stepWall(byMs);
    this.#oracle.clockStepped(this.#world.wallAheadMs, this.#world.nowMs);
    this.#outcome.clockSteps++;
  }
}
