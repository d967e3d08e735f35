/**
 * The last hour as the page keeps it, in steps of ten seconds: what the service told at once, and what it tells since.
 * Pure.
 *
 * @module
 */

const STEP_SECONDS = 10;
const ROWS_MAX = 360;

/** @typedef {[seconds: number, redirected: number, refused: number, open: number, p50: number | null, p99: number | null]} Row */

export class History {
  /** @type {Row[]} */
  rows = [];
  #startSeconds = NaN;
  /** @type {{ seconds: number, redirected: number, refused: number, cpu: number } | undefined} */
  #last;
  /** A second, between the last two events; null: not known yet. @type {{ redirected: number | null, refused: number | null, cpu: number | null }} */
  rates = { redirected: null, refused: null, cpu: null };

  /** @param {any} status */
  begin(status) {
    this.#startSeconds = status.start_seconds;
    this.rows = status.history ?? [];
    this.#last = undefined;
    this.rates = { redirected: null, refused: null, cpu: null };
    this.#rate(status);
  }

  /** Returns whether something is missing in between, so that all is to be asked for anew. @param {any} status */
  add(status) {
    if (status.start_seconds !== this.#startSeconds) return true;
    this.#rate(status);
    let isMissing = false;
    for (const row of status.newest_slots) {
      const last = this.rows.at(-1)?.[0] ?? row[0] - STEP_SECONDS;
      // A step of the clock, or a rounded end, moves them a little.
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
    // What goes down has lost what was counted of a route that is gone: how much came is not known.
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

  /** A column of counts, a second. @param {1 | 2} column */
  perSecond(column) {
    return this.rows.map((row) => row[column] / STEP_SECONDS);
  }

  /** @param {3 | 4 | 5} column */
  values(column) {
    return this.rows.map((row) => row[column]);
  }
}
