import type { Checkpoint, Recovered } from "./checkpoint.ts";
import { SINK_RETRY_MS } from "../config.ts";
import type { Sink } from "./sink.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Log } from "../../shared/log.ts";
import { messageOf } from "../../shared/error_message.ts";

export interface RecorderParts {
  sink: Sink;
  /** Undefined: no checkpoint is kept, so a kill loses every record that is not in the file. */
  checkpoint: Checkpoint | undefined;
  clock: Clock;
  log: Log;
  /** Returns what the open windows hold at this moment, as partial records. */
  open(): string[];
}

/**
 * Decides what is saved first, so that a kill at any moment neither loses a record nor repeats one: records
 * go into the checkpoint first, where they replace the open windows they come from, and only then into the
 * file. Retries every second while the file or the checkpoint fails.
 *
 * All work happens in rounds, one at a time. A call during a round is served by the next round.
 */
export class Recorder {
  readonly #parts: RecorderParts;
  /** Records for the next round. */
  #incoming: string[] = [];
  /** Records that the current round is saving to the checkpoint. */
  #saving: string[] = [];
  /** A next round is needed even without records: the checkpoint has to be renewed. */
  #mustRenew = false;
  #isWorking = false;
  /** Resolves when the current rounds are over. */
  #working = Promise.resolve();
  #isCheckpointFailing = false;
  #checkpointSavedMs: number | undefined;
  #isFinished = false;
  #cancelRetry = () => {};

  constructor(parts: RecorderParts) {
    this.#parts = parts;
  }

  /** Writes the records that killed processes left. Removes their checkpoints when the records are safe. */
  async recover({ lines, forget }: Recovered): Promise<void> {
    await this.write(lines);
    const { sink } = this.#parts;
    if (sink.waiting.length === 0 || this.#isKept) await forget();
  }

  /**
   * Writes records. Resolves when they are in the file, or after a failure, which is retried every second.
   */
  write(lines: readonly string[]): Promise<void> {
    this.#incoming.push(...lines);
    return this.#work();
  }

  /** Renews the checkpoint: the open windows hold messages that it lacks. */
  keep(): void {
    this.#mustRenew = true;
    void this.#work();
  }

  /**
   * Opens the file again at once, after a program has renamed it. Without this the next record would do so.
   */
  reopen(): Promise<void> {
    this.#parts.sink.reopen();
    this.#mustRenew = true;
    return this.#work();
  }

  /** The records that, as far as is known, are neither in the file nor in a checkpoint. */
  get unsaved(): readonly string[] {
    return [...this.#isKept ? [] : this.#parts.sink.waiting, ...this.#saving, ...this.#incoming];
  }

  /** Whether the checkpoint holds the records that wait for the file. */
  get #isKept(): boolean {
    return this.#parts.checkpoint !== undefined && !this.#isCheckpointFailing;
  }

  /**
   * Whether the checkpoint can't be written, and when it was last written, in milliseconds of the monotonic
   * clock. Undefined: no checkpoint is kept.
   */
  get checkpointState(): { readonly failing: boolean; readonly savedMs: number | undefined } | undefined {
    return this.#parts.checkpoint && { failing: this.#isCheckpointFailing, savedMs: this.#checkpointSavedMs };
  }

  /** Writes the last records and closes the file. {@linkcode unsaved} then has those that it could save nowhere. */
  async finish(lines: readonly string[]): Promise<void> {
    const { sink, checkpoint } = this.#parts;
    this.#mustRenew = true; // Even without `lines` a last round retries what failed before.
    await this.write(lines);
    this.#isFinished = true;
    await this.#working; // A round that began meanwhile would create the checkpoint again.
    this.#cancelRetry();
    await sink.close();
    if (sink.waiting.length > 0) return;
    // If this fails, no harm is done: the next start finds these records in the file and skips them.
    await checkpoint?.remove().catch((error) => this.#reportCheckpoint(error));
  }

  #work(): Promise<void> {
    if (!this.#isWorking) this.#working = this.#workInRounds();
    return this.#working;
  }

  async #workInRounds(): Promise<void> {
    const { sink, checkpoint, clock } = this.#parts;
    this.#isWorking = true;
    do {
      this.#mustRenew = false;
      const lines = this.#saving = this.#incoming.splice(0);
      if (checkpoint) await this.#save(checkpoint, lines);
      this.#saving = [];
      sink.add(lines);
      // A misleading checkpoint still holds these records as open windows: a kill would make them count
      // twice.
      if (sink.isDue && !checkpoint?.misleading) await this.#flush();
    } while (this.#isRoundDue);
    this.#isWorking = false;
    this.#cancelRetry();
    if (this.#isCheckpointFailing || sink.isDue) {
      this.#cancelRetry = clock.setTimer(() => this.keep(), SINK_RETRY_MS);
    }
  }

  /** Whether something has come in since the current round began. */
  get #isRoundDue(): boolean {
    return this.#incoming.length > 0 || this.#mustRenew;
  }

  /** Saves the records that are on their way to the file, `lines` last, and the open windows. */
  async #save(checkpoint: Checkpoint, lines: readonly string[]): Promise<void> {
    const { sink, clock, open } = this.#parts;
    const unfinished = { position: sink.position, waiting: [...sink.waiting, ...lines], open: open() };
    const failure = await checkpoint.save(unfinished, lines.length > 0);
    if (failure === undefined) this.#checkpointSavedMs = clock.monotonicMs();
    this.#reportCheckpoint(failure);
  }

  async #flush(): Promise<void> {
    const { sink } = this.#parts;
    // Many records or a slow disk must not delay the checkpoint: a round that is due ends this flush early.
    await sink.flush(() => this.#isRoundDue);
    // Once the records are synced, the checkpoint has to drop them. Otherwise, if somebody moves the file to
    // where the next start does not search it, that start would write them again after a kill.
    if (!sink.isDue && this.#isKept) void sink.synced().then(() => this.#isFinished || this.keep());
  }

  /** Logs one line when the checkpoint begins to fail, and one when it works again. */
  #reportCheckpoint(failure: unknown): void {
    const { log } = this.#parts;
    if ((failure !== undefined) === this.#isCheckpointFailing) return;
    this.#isCheckpointFailing = failure !== undefined;
    if (!this.#isCheckpointFailing) return log.info("checkpoint_recovered", "the checkpoint works again");
    const reason = messageOf(failure);
    log.error("checkpoint_failing", "cannot write the checkpoint: a kill would lose the open windows", {
      reason,
    });
  }
}
