import type { Log } from "../../shared/log.ts";

/** Lines that wait to be written, at most; what comes while as many wait is dropped. */
const WAITING_CHARS_MAX = 8 * 2 ** 20;
/** Between two lines of the log about it. */
const TELL_MS = 60_000;
/** After a write that failed. */
const RETRY_MS = 1000;
/** How long the end waits for what is on its way. */
const CLOSE_MS = 1000;

/** Where lines go: a file, or stdout. */
export interface AccessFile {
  /** @throws {Error} They could not be written, as a whole or in part. */
  write(lines: string): Promise<void>;
  close(): void;
}

interface Lines {
  readonly lines: string;
  readonly count: number;
}

const countOf = (all: readonly Lines[]): number => all.reduce((sum, { count }) => sum + count, 0);

export interface AccessLogOptions {
  /** @throws {Error} It can't be opened. */
  readonly open: () => Promise<AccessFile>;
  readonly log: Log;
  readonly clock: {
    monotonicMs(): number;
    /** @returns what cancels it */
    setTimer(callback: () => void, delayMs: number): () => void;
  };
}

/**
 * The requests of viewers, a line each. Nobody waits for it: what can't be written as fast as it comes is dropped, and
 * the log says how much.
 */
export class AccessLog {
  readonly #options: AccessLogOptions;
  #file: AccessFile | undefined;
  #waiting: Lines[] = [];
  /** Those that a write has begun with. */
  #underWay: Lines[] = [];
  #waitingChars = 0;
  #writing: Promise<void> | undefined;
  #isStale = false;
  #isClosing = false;
  #dropped = 0;
  #reason = "";
  #toldMs = -Infinity;
  #wake: () => void = () => {};

  private constructor(options: AccessLogOptions, file: AccessFile) {
    this.#options = options;
    this.#file = file;
  }

  /** @throws {Error} It can't be opened. */
  static async open(options: AccessLogOptions): Promise<AccessLog> {
    return new AccessLog(options, await options.open());
  }

  /** @param lines whole, each with its line end */
  add(lines: string, count: number): void {
    if (this.#waitingChars + lines.length > WAITING_CHARS_MAX) return this.#drop(count, "it is too slow");
    this.#waiting.push({ lines, count });
    this.#waitingChars += lines.length;
    this.#writing ??= this.#writeAll();
  }

  /** Has what comes from now on go to the file that then has the name: for SIGHUP. */
  reopen(): void {
    this.#isStale = true;
    this.#wake();
  }

  /** Writes what waits, but does not try again; whoever takes nothing for a second does not get the rest. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#wake();
    const late = Promise.withResolvers<void>();
    const cancel = this.#options.clock.setTimer(late.resolve, CLOSE_MS);
    await Promise.race([this.#writing, late.promise]);
    cancel();
    const left = [...this.#underWay, ...this.#waiting];
    if (left.length > 0) this.#drop(countOf(left), "nobody takes it");
    this.#tell(true);
    this.#file?.close();
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#underWay = this.#waiting;
      this.#waiting = [];
      this.#waitingChars = 0;
      try {
        await (await this.#current()).write(batch.map(({ lines }) => lines).join(""));
      } catch (error) {
        this.#drop(countOf(batch), error instanceof Error ? error.message : String(error));
        this.#isStale = true;
        if (!this.#isClosing) await this.#pause();
      } finally {
        this.#underWay = [];
      }
    }
    this.#writing = undefined;
    this.#tell();
  }

  async #current(): Promise<AccessFile> {
    if (this.#isStale || !this.#file) {
      this.#file?.close();
      this.#file = undefined;
      this.#isStale = false;
      this.#file = await this.#options.open();
    }
    return this.#file;
  }

  async #pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.clock.setTimer(resolve, RETRY_MS);
    this.#wake = resolve;
    await promise;
    cancel();
  }

  #drop(count: number, reason: string): void {
    this.#dropped += count;
    this.#reason = reason;
    this.#tell();
  }

  /** Once a minute at most: who floods the service shall not flood its log. */
  #tell(isLast = false): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#dropped === 0 || (!isLast && nowMs - this.#toldMs < TELL_MS)) return;
    this.#options.log.warn("access_log_dropped", "requests are missing in the access log", {
      dropped: this.#dropped,
      reason: this.#reason,
    });
    this.#toldMs = nowMs;
    this.#dropped = 0;
  }
}
