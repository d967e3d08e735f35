import assert from "node:assert/strict";
import type { Line } from "./lines.ts";

/** What the base windows add up to since the last record of a longer window. */
interface BaseTotals {
  sum: bigint;
  max: number;
  min: number;
}

const NONE: BaseTotals = { sum: 0n, max: -Infinity, min: Infinity };

/** Checks that the records agree with each other, whatever was received. */
export class Order {
  readonly #lengths: readonly number[];
  /** By window length: the last timestamp so far, of any life. */
  #last = new Map<number, number>();

  constructor(lengths: readonly number[]) {
    this.#lengths = lengths;
  }

  /** The last timestamp of any record; 0 when there is none. */
  get lastTimestamp(): number {
    return Math.max(0, ...this.#last.values());
  }

  /** Forgets the timestamps, because from here on they may go back. */
  reset(): void {
    this.#last = new Map();
  }

  /** Checks the records of one life. `jumped`: the clock jumped so far that records may be left out. */
  check(lines: readonly Line[], jumped: boolean): void {
    const before = new Map<number, Line>();
    const inside = new Map(this.#lengths.map((length) => [length, { ...NONE }]));
    let [timestampMax, lengthMax] = [-Infinity, 0];
    for (const line of lines) {
      const { timestamp, lengthSeconds } = line;
      const isInOrder = timestamp > timestampMax || (timestamp === timestampMax && lengthSeconds > lengthMax);
      if (!isInOrder) {
        assert.fail(`${lengthSeconds}s to ${timestamp} follows ${lengthMax}s to ${timestampMax}`);
      }
      [timestampMax, lengthMax] = [timestamp, lengthSeconds];
      const last = this.#last.get(lengthSeconds) ?? -Infinity;
      if (timestamp <= last) {
        assert.fail(`${lengthSeconds}s to ${timestamp} follows ${lengthSeconds}s to ${last}`);
      }
      this.#last.set(lengthSeconds, timestamp);
      const previous = before.get(lengthSeconds);
      if (previous && !line.partial && !jumped && timestamp - previous.timestamp !== lengthSeconds) {
        assert.fail(`nothing between ${lengthSeconds}s to ${previous.timestamp} and to ${timestamp}`);
      }
      before.set(lengthSeconds, line);
      if (lengthSeconds === this.#lengths[0]) inside.forEach((each) => add(each, line));
      else checkLong(inside.get(lengthSeconds)!, line);
    }
  }
}

function add(inside: BaseTotals, { sum, max, min }: Line): void {
  if (sum === 0n) return; // An empty window: every A1 is above zero. Its 0 is no A2 and no A3.
  inside.sum += sum;
  inside.max = Math.max(inside.max, max);
  inside.min = Math.min(inside.min, min);
}

/** Checks that base windows add up to the longer window around them. */
function checkLong(inside: BaseTotals, { timestamp, lengthSeconds, sum, max, min }: Line): void {
  const expected = inside.sum === 0n ? { sum: 0n, max: 0, min: 0 } : inside;
  if (sum !== expected.sum || max !== expected.max || min !== expected.min) {
    const [long, short] = [[sum, max, min], [expected.sum, expected.max, expected.min]];
    assert.fail(`${lengthSeconds}s to ${timestamp} says ${long}, and the records inside it ${short}`);
  }
  Object.assign(inside, NONE);
}
