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
  // A directory that became read-only. A checkpoint that is renewed in place still works.
  (operation, path) =>
    ["open", "rename", "renameToNew", "remove"].includes(operation) || path.endsWith(".new"),
  (_operation, _path, random) => random.chance(0.5),
];

/** How many bytes a write takes: it ends anywhere, early, or right before the last newline. */
const SHORT_WRITES: readonly ((bytes: number, random: Random) => number)[] = [
  (bytes, random) => 1 + random.integer(bytes),
  (bytes, random) => 1 + random.integer(Math.max(150, bytes / 50)),
  (bytes) => Math.max(1, bytes - 1),
];

/** A disk that outlives the processes, with all troubles that a disk can have. */
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
  /** A slow operation has just ended, so promises that wait for it have work to do. */
  resumed = false;

  constructor(path: string, world: World, random: Random) {
    this.#path = path;
    this.#world = world;
    this.#random = random;
    this.disk.renamed = (from, to) => from === path && this.#renamed.push(to);
    this.disk.pause = (operation, path) => this.#before(operation, path);
  }

  /** Since when the disk has been failing; undefined if it works and the service had time to retry. */
  get failingSinceMs(): number | undefined {
    return this.#failingSinceMs;
  }

  /** The longest that an operation under way can take, in milliseconds. */
  get operationMsMax(): number {
    return this.#world.nowMs < this.#slowUntilMs ? this.#slowMs : 0;
  }

  /**
   * The text of every file that is or was the output, in order. A file keeps its place when it is renamed.
   */
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
    // Until the service's next retry, the repair has no effect.
    this.#world.after(1500, () => {
      if (this.#failingSinceMs === since) this.#failingSinceMs = undefined;
    });
  }

  /** Ends all troubles. */
  calm(): void {
    this.repair();
    this.interrupt(0, () => {});
    this.#isSlow = false;
    this.disk.writeMax = () => Infinity;
  }

  /**
   * Calls `callback` once, right before the given operation from now on; 0: never. Replaces an earlier call.
   */
  interrupt(operations: number, callback: () => void): void {
    this.#operationsUntil = operations;
    this.#interrupt = callback;
  }

  slowDown(): void {
    const slowMs = this.#random.pick([1, 5, 20]);
    const durationMs = this.#random.below(10_000);
    this.#slowMs = Math.max(this.operationMsMax, slowMs);
    // Delayed operations can have effects until 1 s after the end of the slow time.
    this.#slowUntilMs = Math.max(this.#slowUntilMs, this.#world.nowMs + durationMs + 1000);
    this.#isSlow = true;
    this.#world.after(durationMs, () => this.#isSlow = false);
  }

  shortenWrites(): void {
    const short = this.#random.pick(SHORT_WRITES);
    this.disk.writeMax = (bytes) => short(bytes, this.#random);
    this.#world.after(this.#random.below(30_000), () => this.disk.writeMax = () => Infinity);
  }

  /**
   * Renames the output as logrotate does, without a signal. By default the service recognizes the new name.
   */
  rename(to = `${this.#path}.`): void {
    if (!this.disk.find(this.#path)) return;
    const renamed = `${to}${this.#renamed.length + 1}`;
    this.disk.rename(this.#path, renamed);
    this.#renamed.push(renamed);
  }

  /**
   * Renames the output so that the service does not find it. Not while the disk is slow or fails: after a
   * kill, the next start would repeat a record whose write was under way.
   */
  moveAway(): void {
    if (this.#failingSinceMs === undefined && this.operationMsMax === 0) this.rename("data/archive.");
  }

  /** Whether the last record is in a file that the service does not find. */
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
