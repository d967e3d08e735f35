/**
 * The page's copy of the last hour, in steps of ten seconds: first the history of the service, then the
 * newest steps of each event. Pure.
 *
 * @module
 */

const STEP_SECONDS = 10;
const ROWS_MAX = 360;

/** @typedef {number | null} Known */
/** @typedef {[end: number, redirected: number, refused: number, open: number, p50: Known, p99: Known]} Row */

export class History {
  /** @type {Row[]} */
  rows = [];
  #startSeconds = NaN;
  /** @type {{ seconds: number, redirected: number, refused: number, cpu: number } | undefined} */
  #last;
  /**
   * Rates per second between the last two events; null: unknown.
   *
   * @type {{ redirected: Known, refused: Known, cpu: Known }}
   */
  rates = { redirected: null, refused: null, cpu: null };

  /** @param {any} status */
  begin(status) {
    this.#startSeconds = status.start_seconds;
    this.rows = status.history ?? [];
    this.#last = undefined;
    this.rates = { redirected: null, refused: null, cpu: null };
    this.#rate(status);
  }

  /** Adds the newest steps. Returns whether the history must be loaded again. @param {any} status */
  add(status) {
    if (status.start_seconds !== this.#startSeconds) return true;
    this.#rate(status);
    let isMissing = false;
    for (const row of status.newest_slots) {
      const last = this.rows.at(-1)?.[0] ?? row[0] - STEP_SECONDS;
      // The times of steps vary a little, because they are rounded and the clock may be corrected.
      if (row[0] < last + STEP_SECONDS / 2) continue;
      if (row[0] > last + STEP_SECONDS * 1.5) isMissing = true;
      this.rows.push(row);
    }
    this.rows = this.rows.slice(-ROWS_MAX);
    return isMissing;
  }

  /** @param {any} status */
  #rate({ wall_seconds: seconds, redirected, refused, cpu_seconds: cpu }) {
    const last = this.#last;
    if (last && seconds <= last.seconds) return;
    this.#last = { seconds, redirected, refused, cpu };
    if (!last) return;
    const elapsed = seconds - last.seconds;
    // A total goes down when the counts of a removed route are dropped. Then the rate is unknown.
    const rate = (/** @type {number} */ now, /** @type {number} */ before) =>
      now < before ? null : (now - before) / elapsed;
    this.rates = {
      redirected: rate(redirected, last.redirected),
      refused: rate(refused, last.refused),
      cpu: rate(cpu, last.cpu),
    };
  }

  get times() {
    return this.rows.map(([seconds]) => seconds);
  }

  /** Returns a column of counts as rates per second. @param {1 | 2} column */
  perSecond(column) {
    return this.rows.map((row) => row[column] / STEP_SECONDS);
  }

  /** @param {3 | 4 | 5} column */
  values(column) {
    return this.rows.map((row) => row[column]);
  }
}
