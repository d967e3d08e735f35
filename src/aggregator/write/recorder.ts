import type { Checkpoint, Recovered } from "./checkpoint.ts";
import { SINK_RETRY_MS } from "../config.ts";
import type { Sink } from "./sink.ts";
import type { Clock } from "../aggregate/timeline.ts";
import type { Log } from "../../shared/log.ts";

export interface RecorderParts {
  sink: Sink;
  /** Undefined: a kill loses what is not in the file. */
  checkpoint: Checkpoint | undefined;
  clock: Clock;
  log: Log;
  /** What the open windows hold at this moment, as partial records. */
  open(): string[];
}

/**
 * Writes records in the order that survives a kill at any moment: first the checkpoint that knows them as records
 * and no longer as open windows, then the file. So a record is never counted both as itself and as an open window.
 */
export class Recorder {
  readonly #parts: RecorderParts;
  /** Records that no checkpoint knows yet. */
  #lines: string[] = [];
  /** Those that are on their way into one. */
  #saving: string[] = [];
  #renew = false;
  #busy = false;
  #working = Promise.resolve();
  #checkpointFails = false;
  #checkpointMs: number | undefined;
  #finished = false;
  #cancelRetry = () => {};

  constructor(parts: RecorderParts) {
    this.#parts = parts;
  }

  /** Writes what others left behind, before anything else; forgets where it came from once it is safe here. */
  async recover({ lines, forget }: Recovered): Promise<void> {
    await this.write(lines);
    const { sink } = this.#parts;
    if (sink.waiting.length === 0 || this.#isKept) await forget();
  }

  /** Writes records; resolves when they are in the file, or when that failed: then it is tried every second. */
  write(lines: readonly string[]): Promise<void> {
    this.#lines.push(...lines);
    return this.#work();
  }

  /** Renews the checkpoint: the open windows hold more than it knows. */
  keep(): void {
    this.#renew = true;
    void this.#work();
  }

  /** Opens the file anew, for whoever renamed it and doesn't want to wait for the next record. */
  reopen(): Promise<void> {
    this.#parts.sink.reopen();
    this.#renew = true;
    return this.#work();
  }

  /** The records that, as far as is known, neither the file nor a checkpoint has. */
  get unsaved(): readonly string[] {
    return [...this.#isKept ? [] : this.#parts.sink.waiting, ...this.#saving, ...this.#lines];
  }

  /** What waits for the file is in the checkpoint. */
  get #isKept(): boolean {
    return this.#parts.checkpoint !== undefined && !this.#checkpointFails;
  }

  /**
   * Whether the checkpoint can't be written, and when it was last, by the monotonic clock in milliseconds. Undefined:
   * none is kept.
   */
  get checkpointState(): { readonly failing: boolean; readonly savedMs: number | undefined } | undefined {
    return this.#parts.checkpoint && { failing: this.#checkpointFails, savedMs: this.#checkpointMs };
  }

  /** Writes the last records, and ends; returns those that could be saved nowhere. */
  async finish(lines: readonly string[]): Promise<readonly string[]> {
    const { sink, checkpoint } = this.#parts;
    this.#renew = true; // One more try for what could not be written so far.
    await this.write(lines);
    this.#finished = true;
    await this.#working; // A renewal that began in the meantime would put the checkpoint back.
    this.#cancelRetry();
    await sink.close();
    if (sink.waiting.length > 0) return this.unsaved;
    // Should it stay: the next start finds in the file what it holds.
    await checkpoint?.remove().catch((error) => this.#tell(error));
    return [];
  }

  #work(): Promise<void> {
    if (!this.#busy) this.#working = this.#workAll();
    return this.#working;
  }

  async #workAll(): Promise<void> {
    const { sink, checkpoint, open } = this.#parts;
    this.#busy = true;
    do {
      this.#renew = false;
      const lines = this.#saving = this.#lines.splice(0);
      if (checkpoint) {
        const unfinished = { position: sink.position, waiting: [...sink.waiting, ...lines], open: open() };
        const failure = await checkpoint.save(unfinished, lines.length > 0);
        if (failure === undefined) this.#checkpointMs = this.#parts.clock.monotonicMs();
        this.#tell(failure);
      }
      this.#saving = [];
      sink.add(lines);
      // A record that a stale checkpoint holds as an open window, too, would be counted twice after a kill.
      if (!sink.isDue || checkpoint?.misleading) continue;
      // Behind many records or a slow disk the checkpoint does not wait until all of them are written.
      await sink.flush(() => this.#renew || this.#lines.length > 0);
      // Then the checkpoint shall forget them: the file may be moved to where nobody would find them.
      if (!sink.isDue && this.#isKept) void sink.synced().then(() => this.#finished || this.keep());
    } while (this.#lines.length > 0 || this.#renew);
    this.#busy = false;
    this.#cancelRetry();
    if (this.#checkpointFails || sink.isDue) {
      this.#cancelRetry = this.#parts.clock.setTimer(() => this.keep(), SINK_RETRY_MS);
    }
  }

  /** One log line when the checkpoint begins to fail, one when that ends. */
  #tell(failure: unknown): void {
    const { log } = this.#parts;
    if ((failure !== undefined) === this.#checkpointFails) return;
    this.#checkpointFails = failure !== undefined;
    if (!this.#checkpointFails) return log.info("checkpoint_recovered", "the checkpoint is written again");
    const reason = failure instanceof Error ? failure.message : String(failure);
    log.error("checkpoint_failing", "a kill would now lose what the open windows hold", { reason });
  }
}
