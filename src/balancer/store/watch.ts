/** By default it looks again after this long without news, and so finds out that a connection is dead. */
const REREAD_MS = 10_000;
/** Between two attempts while there is no answer. */
const RETRY_MS = 250;

export interface WatchOptions<State> {
  /** Reads the state, which is plain data; what changes it later wakes the watch. */
  readonly read: () => Promise<State>;
  /** Told of the first state, of every other one, and of that after an outage. Must not throw. */
  readonly changed: (state: State) => void;
  /** Told after the first attempt and whenever that turns. Must not throw. */
  readonly reached: (up: boolean) => void;
  /** Told why an attempt failed, each time. Must not throw. */
  readonly failed?: (reason: unknown) => void;
  /** Whether a state is another one than that told before; by default by all that they hold. */
  readonly differs?: (one: State, other: State) => boolean;
  /** How long to wait without news before it looks again. */
  readonly rereadMs?: number | (() => number);
  readonly retryMs?: number;
}

/**
 * Keeps somebody up to date with a state that is read from elsewhere. It reads one at a time, and what wakes it during
 * a read leads to one more: however many changes come, the last state is told, and told last.
 */
export class Watch<State> {
  readonly #options: Required<WatchOptions<State>>;
  readonly #ended: Promise<void>;
  /** Resolves after the first attempt to read, whatever came of it. */
  readonly tried: Promise<void>;
  #woken = Promise.withResolvers<void>();
  #stopped = false;
  #up: boolean | undefined;
  #told: State | undefined;

  constructor(options: WatchOptions<State>) {
    this.#options = { rereadMs: REREAD_MS, retryMs: RETRY_MS, failed() {}, differs, ...options };
    this.tried = this.#attempt();
    this.#ended = this.tried.then(() => this.#run());
  }

  /** The state may have changed, or the way to it. */
  wake(): void {
    this.#woken.resolve();
  }

  /** Tells nothing from here on; resolves when the read under way is over. */
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

  /** Ends with a wake, or after a while. */
  async #pause(): Promise<void> {
    const { rereadMs, retryMs } = this.#options;
    const lookMs = typeof rereadMs === "number" ? rereadMs : rereadMs();
    const timer = setTimeout(() => this.wake(), this.#up ? lookMs : retryMs);
    await this.#woken.promise;
    clearTimeout(timer);
  }

  async #attempt(): Promise<void> {
    this.#woken = Promise.withResolvers(); // Before the read, which may not see what comes during it.
    try {
      const state = await this.#options.read();
      if (!this.#stopped) this.#tell(state);
    } catch (error) {
      // A failed attempt to connect is itself a wake: it must not lead to the next one at once.
      this.#woken = Promise.withResolvers();
      if (this.#stopped) return this.wake();
      this.#options.failed(error);
      if (this.#up !== false) this.#options.reached(this.#up = false);
    }
  }

  #tell(state: State): void {
    if (!this.#up || this.#options.differs(state, this.#told!)) this.#options.changed(state);
    this.#told = state;
    if (!this.#up) this.#options.reached(this.#up = true);
  }
}

const differs = (one: unknown, other: unknown) => JSON.stringify(one) !== JSON.stringify(other);
