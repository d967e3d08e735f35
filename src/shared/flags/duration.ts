const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

/**
 * Returns a parser of times such as `10s`, `500ms` or `1m` to milliseconds, from `minMs` to `maxMs`.
 *
 * @param off the value of the word `off`; undefined: the word is refused
 */
export function duration(minMs: number, maxMs: number, off?: number): (text: string) => number {
  return (text) => {
    if (off !== undefined && text === "off") return off;
    const orOff = off === undefined ? "" : ", or off";
    const [, digits, unit] = /^(0|[1-9][0-9]{0,8})(ms|s|m|h)$/.exec(text) ?? [];
    if (digits === undefined) throw new SyntaxError(`give a time such as 500ms, 10s or 1m${orOff}`);
    const ms = Number(digits) * UNITS[unit as keyof typeof UNITS];
    if (ms < minMs || ms > maxMs) {
      throw new RangeError(`give a time from ${formatDuration(minMs)} to ${formatDuration(maxMs)}${orOff}`);
    }
    return ms;
  };
}

/** Formats milliseconds in the largest unit that gives a whole number: 90,000 as `90s`. */
export function formatDuration(ms: number): string {
  const units = Object.entries(UNITS).reverse();
  const [unit, factor] = (ms > 0 && units.find(([, factor]) => ms % factor === 0)) || ["s", 1000];
  return `${ms / factor}${unit}`;
}
