/** What is known of the database: whether it answers, and since when the routes may be older than what it holds. */
export class DatabaseState {
  readonly #nowMs: () => number;
  #downMs: number | undefined;
  #wasUp = false;
  #isReadOnly = false;
  #reconnects = 0;

  /** Until it answers for the first time it counts as down. */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
    this.#downMs = nowMs();
  }

  get isUp(): boolean {
    return this.#downMs === undefined;
  }

  /** It takes no changes. */
  get isReadOnly(): boolean {
    return this.#isReadOnly;
  }

  /** How often it came back. */
  get reconnects(): number {
    return this.#reconnects;
  }

  /** 0 while it answers. */
  get staleSeconds(): number {
    return this.#downMs === undefined ? 0 : (this.#nowMs() - this.#downMs) / 1000;
  }

  turned(up: boolean, isReadOnly: boolean): void {
    this.#isReadOnly = isReadOnly;
    if (!up) {
      this.#downMs ??= this.#nowMs();
      return;
    }
    if (this.#wasUp && !this.isUp) this.#reconnects++;
    this.#wasUp = true;
    this.#downMs = undefined;
  }
}
