/**
 * The arithmetic of a chart: where ticks are, and which points a line needs at its width in pixels. Pure.
 *
 * @module
 */

/**
 * Returns a range that begins and ends at ticks, and its ticks. Their distance is 1, 2 or 5 times a power of
 * ten, and at least the `most`-th part of `high - low`.
 *
 * @param {number} low
 * @param {number} high
 * @param {number} most
 */
export function niceRange(low, high, most) {
  if (!(high - low > Math.max(Math.abs(low), Math.abs(high)) * 1e-9)) {
    // All values are (nearly) the same. They are drawn in the middle, or at the bottom if they are zero.
    const room = Math.abs(low) || 1;
    [low, high] = low === 0 ? [0, 1] : [low - room / 2, low + room / 2];
  }
  const rough = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough * 0.999) ?? rough;
  const from = Math.floor(low / step + 1e-9);
  const to = Math.ceil(high / step - 1e-9);
  // Multiplied, since adding steps up would add up their rounding errors.
  const ticks = Array.from({ length: to - from + 1 }, (_, i) => Number(((from + i) * step).toPrecision(12)));
  return { low: ticks[0], high: ticks.at(-1), ticks };
}

/**
 * Returns the smallest and the largest known value; undefined if there is none.
 *
 * @param {readonly (number | null)[][]} columns
 */
export function extent(columns) {
  let low = Infinity;
  let high = -Infinity;
  for (const column of columns) {
    for (const value of column) {
      if (value === null) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return low <= high ? { low, high } : undefined;
}

/**
 * Returns the line through the known points, as the `d` of a path. Points in the same pixel column are drawn
 * as the range that they cover, so that no peak is lost. The line is broken where a value is unknown, or
 * where no point came for longer than `gapSeconds`.
 *
 * @param {readonly number[]} times
 * @param {readonly (number | null)[]} values
 * @param {(time: number) => number} x
 * @param {(value: number) => number} y
 * @param {number} gapSeconds
 */
export function linePath(times, values, x, y, gapSeconds) {
  const parts = [];
  let isOpen = false;
  let before = -Infinity;
  for (let i = 0; i < times.length;) {
    const value = values[i];
    if (value === null || value === undefined) {
      isOpen = false;
      i++;
      continue;
    }
    if (times[i] - before > gapSeconds) isOpen = false;
    const pixel = Math.round(x(times[i]));
    let [low, high, last] = [value, value, value];
    before = times[i];
    for (i++; i < times.length && Math.round(x(times[i])) === pixel; i++) {
      const next = values[i];
      if (next === null || next === undefined || times[i] - before > gapSeconds) break;
      low = Math.min(low, next);
      high = Math.max(high, next);
      last = next;
      before = times[i];
    }
    const points = low === high ? [last] : [value, low, high, last];
    for (const point of points) {
      parts.push(`${isOpen ? "L" : "M"}${pixel} ${Math.round(y(point) * 10) / 10}`);
      isOpen = true;
    }
    // A single point between two gaps would be a line of zero length, which is not drawn.
    if (points.length === 1) parts.push("h.01");
  }
  return parts.join("");
}

/**
 * Returns the index of the time nearest to `time`; -1 if there are no times.
 *
 * @param {readonly number[]} times
 */
export function nearest(times, /** @type {number} */ time) {
  let [low, high] = [0, times.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] < time) low = middle + 1;
    else high = middle;
  }
  return low > 0 && time - times[low - 1] < times[low] - time ? low - 1 : Math.min(low, times.length - 1);
}
