/** By default the state is read again after this long, to find out that a connection is dead. */
const REREAD_MS = 10_000;
/** The pause after a failed attempt. */
const RETRY_MS = 250;

export interface WatchOptions<State> {
  /** Reads the state, which is plain data. Whoever notices a later change calls `wake`. */
  readonly read: () => Promise<State>;
  /**
   * Called with the first state, with every different one, and with the first one after an outage. Must not
   * throw.
   */
  readonly changed: (state: State) => void;
  /**
   * Called with whether the read succeeded: after the first attempt, and when that changes. Must not throw.
   */
  readonly reached: (up: boolean) => void;
  /** Called with the reason of each failed attempt. Must not throw. */
  readonly failed?: (reason: unknown) => void;
  /** Whether two states differ; by default compares them as JSON. */
  readonly differs?: (one: State, other: State) => boolean;
  /** How long to wait for a wake before reading again. */
  readonly rereadMs?: number | (() => number);
  readonly retryMs?: number;
}

/**
 * Follows a state by reading it. Reads run one at a time; a wake during a read leads to one more read. So
 * however many changes come, the last call of `changed` has the last state.
 */
export class Watch<State> {
  readonly #options: Required<WatchOptions<State>>;
  readonly #ended: Promise<void>;
  /** Resolves after the first attempt to read, whether or not it succeeded. */
  readonly tried: Promise<void>;
  #woken = Promise.withResolvers<void>();
  #stopped = false;
  #up: boolean | undefined;
  #reported: State | undefined;

  constructor(options: WatchOptions<State>) {
    this.#options = { rereadMs: REREAD_MS, retryMs: RETRY_MS, failed() {}, differs, ...options };
    this.tried = this.#attempt();
    this.#ended = this.tried.then(() => this.#run());
  }

  /** Reads again soon: the state may have changed, or it may be readable again. */
  wake(): void {
    this.#woken.resolve();
  }

  /** Makes no further calls. Resolves when the read in progress is over. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.wake();
    await this.#ended;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      await this.#pause();
      if (!this.#stopped) await this.#attempt();
    }
  }

  /** Waits for a wake, or until the next read is due. */
  async #pause(): Promise<void> {
    const { rereadMs, retryMs } = this.#options;
    const delayMs = typeof rereadMs === "number" ? rereadMs : rereadMs();
    const timer = setTimeout(() => this.wake(), this.#up ? delayMs : retryMs);
    await this.#woken.promise;
    clearTimeout(timer);
  }

  async #attempt(): Promise<void> {
    this.#woken = Promise.withResolvers(); // Before the read, which may miss a change made during it.
    try {
      const state = await this.#options.read();
      if (!this.#stopped) this.#report(state);
    } catch (error) {
      // A failed connection attempt calls `wake` itself. That wake is dropped: it must not lead to a retry at
      // once.
      this.#woken = Promise.withResolvers();
      if (this.#stopped) return this.wake();
      this.#options.failed(error);
      if (this.#up !== false) this.#options.reached(this.#up = false);
    }
  }

  #report(state: State): void {
    if (!this.#up || this.#options.differs(state, this.#reported!)) this.#options.changed(state);
    this.#reported = state;
    if (!this.#up) this.#options.reached(this.#up = true);
  }
}

const differs = (one: unknown, other: unknown) => JSON.stringify(one) !== JSON.stringify(other);
