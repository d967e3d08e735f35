/** How long an expected notification may take to arrive. */
const ARRIVAL_MS_MAX = 2_000;

/**
 * Finds out whether notifications of the database arrive. Behind a connection pooler in transaction or
 * statement mode they don't, although LISTEN succeeds there. So after every notification that this instance
 * sends itself, it expects to receive one.
 */
export class Hearing {
  readonly #nowMs: () => number;
  #isProven = false;
  #isMissing = false;
  #sentMs: number | undefined;
  /** How many notifications were accepted as the expected ones. */
  #accepted = 0;

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** Notifications have arrived and none is overdue, so there is no need to poll for changes. */
  get isGood(): boolean {
    return this.#isProven && this.#sentMs === undefined && !this.#isMissing;
  }

  /** It is not known yet whether notifications arrive: a test notification has to be sent. */
  get isUnknown(): boolean {
    return !this.#isProven && !this.#isMissing;
  }

  /** A notification was sent and is expected to arrive. */
  announced(): void {
    if (!this.#isMissing) this.#sentMs ??= this.#nowMs();
  }

  /**
   * A change is about to be made, which sends a notification. The notification may arrive before the answer
   * to the change.
   *
   * @returns a function to call once the change was made. It returns whether the notification is still to
   * come.
   */
  announcing(): () => boolean {
    const before = this.#accepted;
    return () => {
      if (this.#accepted > before) return false;
      this.announced();
      return true;
    };
  }

  /**
   * A notification arrived. If it arrived during a query on the same connection, it does not prove that
   * notifications arrive: a pooler may have passed it on together with the answer. Once there is proof, any
   * notification counts as the expected one, because the notification of an own change may arrive while that
   * change is being read.
   */
  heard({ isAnswerOwed }: { isAnswerOwed: boolean }): void {
    if (!isAnswerOwed) this.#isProven = true;
    if (!this.#isProven) return;
    this.#sentMs = undefined;
    this.#accepted++;
  }

  /**
   * Returns true once, when an expected notification is overdue. From then on no notification is expected.
   */
  losesPatience(): boolean {
    if (this.#sentMs === undefined || this.#nowMs() - this.#sentMs < ARRIVAL_MS_MAX) return false;
    this.#sentMs = undefined;
    return this.#isMissing = true;
  }

  /** The connection was replaced: everything is unknown again. */
  reset(): void {
    this.#isProven = this.#isMissing = false;
    this.#sentMs = undefined;
  }
}
