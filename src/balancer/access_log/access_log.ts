import type { Log } from "../../shared/log.ts";
import { messageOf } from "../../shared/error_message.ts";

/** The most characters that may wait to be written. Lines that would exceed this limit are dropped. */
const WAITING_CHARS_MAX = 8 * 2 ** 20;
/** The shortest time between two `access_log_dropped` lines in the service log. */
const REPORT_PAUSE_MS = 60_000;
/** The pause after a failed write. */
const RETRY_MS = 1000;
/** How long `close` waits for the remaining lines to be written. */
const CLOSE_MS = 1000;

/** The target of the access log: a file, or stdout. */
export interface AccessFile {
  /** @throws {Error} Some or all of the lines could not be written. */
  write(lines: string): Promise<void>;
  close(): void;
}

/** Some lines, as one text. */
interface Lines {
  readonly lines: string;
  readonly count: number;
}

const countOf = (all: readonly Lines[]): number => all.reduce((sum, { count }) => sum + count, 0);

export interface AccessLogOptions {
  /** @throws {Error} The target can't be opened. */
  readonly open: () => Promise<AccessFile>;
  readonly log: Log;
  readonly clock: {
    monotonicMs(): number;
    /** @returns a function that cancels the timer */
    setTimer(callback: () => void, delayMs: number): () => void;
  };
}

/**
 * Writes the access log. No request waits for the disk: lines that come faster than they can be written are
 * dropped, and the service log says how many. The lines themselves are made by the workers (`AccessNotes`).
 */
export class AccessLog {
  readonly #options: AccessLogOptions;
  #file: AccessFile | undefined;
  #waiting: Lines[] = [];
  /** The lines of the write in progress. */
  #inFlight: Lines[] = [];
  #waitingChars = 0;
  #writing: Promise<void> | undefined;
  #mustReopen = false;
  #isClosing = false;
  #dropped = 0;
  #reason = "";
  #reportedMs = -Infinity;
  #endPause: () => void = () => {};

  private constructor(options: AccessLogOptions, file: AccessFile) {
    this.#options = options;
    this.#file = file;
  }

  /** @throws {Error} The target can't be opened. */
  static async open(options: AccessLogOptions): Promise<AccessLog> {
    return new AccessLog(options, await options.open());
  }

  /**
   * Queues some lines for writing.
   *
   * @param lines complete lines, each with its line end
   * @param count the number of lines
   */
  add(lines: string, count: number): void {
    if (this.#waitingChars + lines.length > WAITING_CHARS_MAX) {
      return this.#drop(count, "it is written too slowly");
    }
    this.#waiting.push({ lines, count });
    this.#waitingChars += lines.length;
    this.#writing ??= this.#writeAll();
  }

  /**
   * Opens the file by its name again before the next write, so that a renamed file is no longer written to
   * (SIGHUP).
   */
  reopen(): void {
    this.#mustReopen = true;
    this.#endPause();
  }

  /**
   * Writes the remaining lines, without retries, for at most {@linkcode CLOSE_MS}; drops those that are left
   * then.
   */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#endPause();
    const deadline = Promise.withResolvers<void>();
    const cancel = this.#options.clock.setTimer(deadline.resolve, CLOSE_MS);
    await Promise.race([this.#writing, deadline.promise]);
    cancel();
    const left = [...this.#inFlight, ...this.#waiting];
    if (left.length > 0) this.#drop(countOf(left), "it could not be written before the stop");
    this.#reportDropped(true);
    this.#file?.close();
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#inFlight = this.#waiting;
      this.#waiting = [];
      this.#waitingChars = 0;
      try {
        await (await this.#current()).write(batch.map(({ lines }) => lines).join(""));
      } catch (error) {
        this.#drop(countOf(batch), messageOf(error));
        this.#mustReopen = true;
        if (!this.#isClosing) await this.#pause();
      } finally {
        this.#inFlight = [];
      }
    }
    this.#writing = undefined;
    this.#reportDropped();
  }

  async #current(): Promise<AccessFile> {
    if (this.#mustReopen || !this.#file) {
      this.#file?.close();
      this.#file = undefined;
      this.#mustReopen = false;
      this.#file = await this.#options.open();
    }
    return this.#file;
  }

  async #pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.clock.setTimer(resolve, RETRY_MS);
    this.#endPause = resolve;
    await promise;
    cancel();
  }

  #drop(count: number, reason: string): void {
    this.#dropped += count;
    this.#reason = reason;
    this.#reportDropped();
  }

  /** Logs at most once a minute, so that a flood of requests does not flood the service log. */
  #reportDropped(isLast = false): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#dropped === 0 || (!isLast && nowMs - this.#reportedMs < REPORT_PAUSE_MS)) return;
    this.#options.log.warn("access_log_dropped", "some requests are missing from the access log", {
      dropped: this.#dropped,
      reason: this.#reason,
    });
    this.#reportedMs = nowMs;
    this.#dropped = 0;
  }
}
