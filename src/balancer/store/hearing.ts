/** How long the notification of what was announced may take. */
const PATIENCE_MS = 2_000;

/**
 * Whether the notifications of the database come through. They do not behind a pooler that lends out its connections
 * for a statement or a transaction at a time, and nothing says so: LISTEN succeeds there. So what one announces oneself
 * must be heard.
 */
export class Hearing {
  readonly #nowMs: () => number;
  #isProven = false;
  #isDeaf = false;
  #announcedMs: number | undefined;
  /** How many notifications were as good as those announced. */
  #heard = 0;

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** Nothing is owed, and notifications were heard: there is no need to look for changes. */
  get isGood(): boolean {
    return this.#isProven && this.#announcedMs === undefined && !this.#isDeaf;
  }

  /** Whether it is still open: something is to be announced, to see whether it is heard. */
  get isUnknown(): boolean {
    return !this.#isProven && !this.#isDeaf;
  }

  /** Something was announced that is to be heard. */
  announced(): void {
    if (!this.#isDeaf) this.#announcedMs ??= this.#nowMs();
  }

  /**
   * Something is about to be announced. To be told by what this returns whether it was: the notification may come
   * before the answer to whoever announced it. That returns whether it is still to be heard.
   */
  announcing(): () => boolean {
    const before = this.#heard;
    return () => {
      if (this.#heard > before) return false;
      this.announced();
      return true;
    };
  }

  /**
   * A notification came. What comes while an answer is owed proves nothing: a pooler may have passed it on with that.
   * Where there is proof already, it is what was announced: a change of one's own is heard of while it is read.
   */
  heard({ isAnswerOwed }: { isAnswerOwed: boolean }): void {
    if (!isAnswerOwed) this.#isProven = true;
    if (!this.#isProven) return;
    this.#announcedMs = undefined;
    this.#heard++;
  }

  /** Whether it has become clear just now that notifications do not come; from then on they are not waited for. */
  losesPatience(): boolean {
    if (this.#announcedMs === undefined || this.#nowMs() - this.#announcedMs < PATIENCE_MS) return false;
    this.#announcedMs = undefined;
    return this.#isDeaf = true;
  }

  /** The connection is another one. */
  reset(): void {
    this.#isProven = this.#isDeaf = false;
    this.#announcedMs = undefined;
  }
}
