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

/** What a run went through, to see that the seeds leave nothing out. */
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
  /** All that was written, in the order of the files. */
  files: readonly string[];
}

const WINDOWS = [[10, 60], [1, 2], [1, 3, 6], [5, 15, 60], [10]] as const;
/** Mostly by nobody but the troubles; by sizes of some 5 and 20 records. */
const ROTATE = [null, null, null, { kind: "daily" }, { kind: "size", bytes: 450 }, {
  kind: "size",
  bytes: 1800,
}] as const;
/** A worker without datagrams looks at the control word this often. */
const LOOK_MS = 50;
/** How long it takes until everything is as if a trouble had not been. */
const TROUBLE_MS = 5000;
/** Steps of the clock, most of them small. */
const STEPS_MS = [2, 50, 1000, 1000, 20_000, 20_000, 300_000, 3_000_000, 86_400_000] as const;

/** One run: the real master, windows, timeline, sink and checkpoint through everything that the seed thinks of. */
export class Simulation {
  readonly #random: Random;
  readonly #world: World;
  readonly #disk: TroubledDisk;
  readonly #config: AggregatorConfig;
  readonly #oracle: Oracle;
  readonly #untilMs: number;
  readonly #tell: (event: string) => void;
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
  /** What failed where nobody waits for it. */
  #failure: unknown;

  /** @param tell hears what happens, a line for each event. */
  constructor(seed: number, tell: (line: string) => void = () => {}) {
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
    this.#tell = (event) => tell(`${this.#world.nowMs.toFixed(3)} ${event}`);
  }

  /** @throws {AssertionError} The file does not tell what happened. */
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
    this.#oracle.judgeEnd(outcome.files);
    outcome.simulatedMs = world.nowMs;
    outcome.records = outcome.files.join("").split("\n").length - 1;
    return outcome;
  }

  /** Lets the next thing happen; whether promises may have something to do then. */
  #step(): boolean {
    const { operations } = this.#disk.disk;
    if (!this.#world.step()) throw new Error("Nothing is left to happen");
    this.#planLooks();
    return this.#life?.state !== "serving" || this.#disk.disk.operations !== operations || this.#disk.resumed;
  }

  /** Follows promises to their ends, but for those that a pause of the disk holds up. */
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
    this.#tell(`start, beside ${this.#disk.disk.paths()}`);
    const world = this.#world;
    const life: Life = this.#life = new Life(world, this.#disk.disk, {
      // A process that was killed has ended with all its workers.
      handedOver: (what) => life.state !== "ended" && this.#oracle.handedOver(what, world.nowMs),
      died: (datagrams) => life.state !== "ended" && this.#oracle.workerEnded(datagrams),
    }, (entry) => {
      this.#tell(`  log: ${JSON.stringify(entry)}`);
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
        isWild: life.log.some(({ event }) => event === "future_file") || isLastMoved,
        align: this.#config.align,
      });
      life.failed.then(() => this.#life === life && life.state === "serving" && this.#stop());
    });
    begun.catch((error) => this.#failure ??= error);
  }

  #stop(): void {
    this.#tell("stop");
    // A stop with a broken disk leaves what it can in the log: that is another test's.
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

  /** Lets something happen right before one of the next operations of the disk. */
  #soon(name: string, operationsMax: number, happen: () => void): void {
    this.#disk.interrupt(1 + this.#random.integer(operationsMax), () => {
      this.#tell(`${name}, at an operation of the disk`);
      try {
        happen();
      } catch (error) {
        this.#failure ??= error; // The service, which called, must not take it for an error of the disk.
      }
    });
  }

  #killSoon(operationsMax: number): void {
    this.#soon("kill", operationsMax, () => this.#kill());
  }

  #stopSoon(): void {
    // Not at once: a signal is heard between two turns.
    const stop = () => this.#life?.state === "serving" && !this.#isEnding && this.#stop();
    this.#soon("stop", 10, () => this.#world.after(0, stop));
  }

  #ended(): void {
    this.#life = undefined;
    this.#disk.interrupt(0, () => {});
    this.#world.after(this.#random.below(5000), () => this.#start());
  }

  /** After a tick each worker looks at the control word some time, as if it had waited for datagrams meanwhile. */
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
        this.#tell(trouble.name);
        trouble.happen();
      }
      // Seldom does one come alone.
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

  /** A second is longer than a window waits for it, two are longer than it is taken for alive. */
  #hangWorker(msMax: number): void {
    const worker = this.#worker();
    worker?.hang();
    this.#world.after(this.#random.below(msMax), () => worker?.resume());
  }

  /** Many records at once, a disk that takes them slowly, and a kill before they are all there. */
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
