/**
 * Whether the database answers and takes changes, and for how long the routes in force may have been stale.
 */
export class DatabaseState {
  readonly #nowMs: () => number;
  #downMs: number | undefined;
  #wasEverUp = false;
  #isReadOnly = false;
  #reconnects = 0;

  /** The database counts as down until it first answers. */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
    this.#downMs = nowMs();
  }

  get isUp(): boolean {
    return this.#downMs === undefined;
  }

  /** Whether the database takes no changes, as a standby does. */
  get isReadOnly(): boolean {
    return this.#isReadOnly;
  }

  /** How many times the database came back after an outage. */
  get reconnects(): number {
    return this.#reconnects;
  }

  /** How long the database has been down, in seconds; 0 while it answers. */
  get staleSeconds(): number {
    return this.#downMs === undefined ? 0 : (this.#nowMs() - this.#downMs) / 1000;
  }

  /** Records the state of the database. */
  turned(up: boolean, isReadOnly: boolean): void {
    this.#isReadOnly = isReadOnly;
    if (!up) {
      this.#downMs ??= this.#nowMs();
      return;
    }
    if (this.#wasEverUp && !this.isUp) this.#reconnects++;
    this.#wasEverUp = true;
    this.#downMs = undefined;
  }
}
