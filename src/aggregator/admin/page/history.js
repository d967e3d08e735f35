/**
 * The last hour as the page keeps it: first the history from the status, then every event. Pure: no DOM, no
 * requests.
 *
 * @module
 */

export const SPAN_SECONDS = 3600;

/** @typedef {{ seconds: number[], received: (number|null)[], accepted: (number|null)[], rejected: (number|null)[], dropped: (number|null)[] }} Samples */
/** @typedef {[timestamp: number, sum: number | string, max: number | string, min: number | string]} Row */

const COUNTERS = /** @type {const} */ (["received", "accepted", "rejected", "dropped"]);

export class History {
  /** @type {Samples} */
  samples = { seconds: [], received: [], accepted: [], rejected: [], dropped: [] };
  /** By length in seconds. @type {Map<number, Row[]>} */
  windows = new Map();
  /** The start of the run of the service that the history belongs to. */
  #startSeconds = NaN;

  /** @param {{ start_seconds: number, window_seconds: number[], history?: { samples: Samples, windows: Row[][] } }} status */
  begin({ start_seconds, window_seconds, history }) {
    this.#startSeconds = start_seconds;
    if (history) this.samples = history.samples;
    this.windows = new Map(window_seconds.map((length, i) => [length, history?.windows[i] ?? []]));
  }

  /**
   * Adds the status of an event. Returns true if the whole status has to be requested again: windows are missing since
   * the last event, or the service was restarted.
   *
   * @param {any} status
   */
  add(status) {
    if (status.start_seconds !== this.#startSeconds) return true;
    if (!status.datagrams) return false;
    this.#addSample(status);
    let isMissing = false;
    for (const { length_seconds, values } of status.last_windows) {
      const rows = this.windows.get(length_seconds) ?? [];
      const lastSeconds = rows.at(-1)?.[0] ?? -Infinity;
      if (values[0] <= lastSeconds) continue;
      if (rows.length > 0 && values[0] - lastSeconds > length_seconds * 1.5) isMissing = true;
      rows.push(values);
      while (rows[0][0] < values[0] - SPAN_SECONDS) rows.shift();
      this.windows.set(length_seconds, rows);
    }
    return isMissing;
  }

  /** @param {any} status */
  #addSample({ wall_seconds, datagrams, messages }) {
    const { samples } = this;
    if (wall_seconds <= (samples.seconds.at(-1) ?? -Infinity)) return;
    const rejected = Object.values(messages.rejected).reduce(
      (/** @type {number} */ sum, value) => sum + Number(value),
      0,
    );
    samples.seconds.push(wall_seconds);
    samples.received.push(datagrams.received);
    samples.accepted.push(messages.accepted);
    samples.rejected.push(rejected);
    samples.dropped.push(datagrams.dropped);
    while (samples.seconds[0] < wall_seconds - SPAN_SECONDS) {
      samples.seconds.shift();
      for (const name of COUNTERS) samples[name].shift();
    }
  }

  /**
   * Returns the rate per second between each two samples; null: unknown.
   *
   * @param {typeof COUNTERS[number]} name
   */
  rates(name) {
    const { seconds } = this.samples;
    const values = this.samples[name];
    return values.slice(1).map((value, i) => {
      const before = values[i];
      const elapsed = seconds[i + 1] - seconds[i];
      // A counter that goes down was reset by a restart, so the rate is unknown.
      if (value === null || before === null || elapsed <= 0 || value < before) return null;
      return (value - before) / elapsed;
    });
  }

  /** The times of the rates. */
  get rateTimes() {
    return this.samples.seconds.slice(1);
  }

  /** Returns the newest records of all lengths as in the file, the newest first. @param {number} most */
  newest(most) {
    return [...this.windows].flatMap(([length, rows]) => rows.slice(-most).map((row) => ({ length, row })))
      .sort((a, b) => b.row[0] - a.row[0] || b.length - a.length)
      .slice(0, most)
      .map(({ length, row: [timestamp, sum, max, min] }) =>
        `{"timestamp":${timestamp}, "count_type":"${length}s", "A1_sum": ${sum}, "A2_max":${max}, "A3_min": ${min}}`
      );
  }
}
