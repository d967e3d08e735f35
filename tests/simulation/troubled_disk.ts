import { type Operation, SimulatedDisk } from "../support/disk/simulated_disk.ts";
import type { Random } from "./random.ts";
import type { World } from "./world.ts";

type Fault = (operation: Operation, path: string, random: Random) => boolean;

/** Which operations fail. */
const FAULTS: readonly Fault[] = [
  () => true,
  (_operation, path) => path.includes(".checkpoint-"),
  (_operation, path) => !path.includes(".checkpoint-"),
  (operation) => operation === "write",
  // A directory that became read-only: what is renewed in place does not notice.
  (operation, path) =>
    ["open", "rename", "renameToNew", "remove"].includes(operation) || path.endsWith(".new"),
  (_operation, _path, random) => random.chance(0.5),
];

/** How many bytes of a write are taken: ends anywhere, soon, and right before a newline. */
const SHORT_WRITES: readonly ((bytes: number, random: Random) => number)[] = [
  (bytes, random) => 1 + random.integer(bytes),
  (bytes, random) => 1 + random.integer(Math.max(150, bytes / 50)),
  (bytes) => Math.max(1, bytes - 1),
];

/** A disk that survives its processes, and all that happens to disks. */
export class TroubledDisk {
  readonly disk = new SimulatedDisk();
  readonly #path: string;
  readonly #world: World;
  readonly #random: Random;
  readonly #renamed: string[] = [];
  #failingSinceMs: number | undefined;
  #fault: Fault = () => false;
  #isSlow = false;
  #slowMs = 0;
  #slowUntilMs = 0;
  #operationsUntil = 0;
  #interrupt = () => {};
  /** A slow operation has just come to its end: whoever waits for it has something to do. */
  resumed = false;

  constructor(path: string, world: World, random: Random) {
    this.#path = path;
    this.#world = world;
    this.#random = random;
    this.disk.renamed = (from, to) => from === path && this.#renamed.push(to);
    this.disk.pause = (operation, path) => this.#before(operation, path);
  }

  /** Since when it has been failing; undefined when it works, and had time for what it owed. */
  get failingSinceMs(): number | undefined {
    return this.#failingSinceMs;
  }

  /** The longest that an operation now under way can take. */
  get operationMsMax(): number {
    return this.#world.nowMs < this.#slowUntilMs ? this.#slowMs : 0;
  }

  /** What is in every file that is or was the output, in their order: each keeps its place when it is renamed. */
  files(): string[] {
    return [...this.#renamed, this.#path].map((path) => this.disk.text(path));
  }

  fail(): void {
    const fault = this.#random.pick(FAULTS);
    this.#break(() => this.#fault = fault);
  }

  fill(): void {
    this.#break(() => this.disk.capacity = this.disk.used + this.#random.integer(300));
  }

  repair(): void {
    this.#fault = () => false;
    this.disk.capacity = Infinity;
    const since = this.#failingSinceMs;
    if (since === undefined) return;
    // Until the retry that follows, the disk might as well be broken.
    this.#world.after(1500, () => {
      if (this.#failingSinceMs === since) this.#failingSinceMs = undefined;
    });
  }

  /** Nothing happens to it any more. */
  calm(): void {
    this.repair();
    this.interrupt(0, () => {});
    this.#isSlow = false;
    this.disk.writeMax = () => Infinity;
  }

  /** Calls back right before the operation that is that many from now on; 0: never. Only the last call counts. */
  interrupt(operations: number, callback: () => void): void {
    this.#operationsUntil = operations;
    this.#interrupt = callback;
  }

  slowDown(): void {
    const slowMs = this.#random.pick([1, 5, 20]);
    const durationMs = this.#random.below(10_000);
    this.#slowMs = Math.max(this.operationMsMax, slowMs);
    // Up to a second after it is over, what it held up may still be felt.
    this.#slowUntilMs = Math.max(this.#slowUntilMs, this.#world.nowMs + durationMs + 1000);
    this.#isSlow = true;
    this.#world.after(durationMs, () => this.#isSlow = false);
  }

  shortenWrites(): void {
    const short = this.#random.pick(SHORT_WRITES);
    this.disk.writeMax = (bytes) => short(bytes, this.#random);
    this.#world.after(this.#random.below(30_000), () => this.disk.writeMax = () => Infinity);
  }

  /** As logrotate does, without a signal: to a name that the service knows again, or to any other. */
  rename(to = `${this.#path}.`): void {
    if (!this.disk.find(this.#path)) return;
    const renamed = `${to}${this.#renamed.length + 1}`;
    this.disk.rename(this.#path, renamed);
    this.#renamed.push(renamed);
  }

  /** To where it is not found. While operations are under way, a record would have to be in two places at once. */
  moveAway(): void {
    if (this.#failingSinceMs === undefined && this.operationMsMax === 0) this.rename("data/archive.");
  }

  /** The last record was moved to where it is not found. */
  get isLastMoved(): boolean {
    const last = this.files().findLastIndex((text) => /^\{.*\}$/m.test(text));
    return this.#renamed[last]?.startsWith(this.#path) === false;
  }

  #before(operation: Operation, path: string): Promise<void> | undefined {
    if (this.#operationsUntil > 0 && --this.#operationsUntil === 0) this.#interrupt();
    const end = () => {
      if (this.#fault(operation, path, this.#random)) throw new Error("Input/output error (os error 5)");
    };
    if (!this.#isSlow) return void end();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#world.after(this.#random.below(this.#slowMs), () => {
      this.resumed = true;
      resolve();
    });
    return promise.then(end);
  }

  #break(how: () => void): void {
    if (this.#failingSinceMs !== undefined) return;
    this.#failingSinceMs = this.#world.nowMs;
    how();
    this.#world.after(this.#random.below(30_000), () => this.repair());
  }
}
