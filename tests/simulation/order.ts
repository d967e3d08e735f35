import assert from "node:assert/strict";
import type { Line } from "./lines.ts";

/** The records of base windows since the last one of a longer window. */
interface Inside {
  sum: bigint;
  max: number;
  min: number;
}

const NONE: Inside = { sum: 0n, max: -Infinity, min: Infinity };

/** Judges what the records say beside each other, whatever was received. */
export class Order {
  readonly #lengths: readonly number[];
  /** By length: the last timestamp of all lives. */
  #last = new Map<number, number>();

  constructor(lengths: readonly number[]) {
    this.#lengths = lengths;
  }

  /** The last timestamp of any record; 0 when there is none. */
  get lastTimestamp(): number {
    return Math.max(0, ...this.#last.values());
  }

  /** From here on timestamps begin anew. */
  reset(): void {
    this.#last = new Map();
  }

  /** The records of one life. `jumped`: so far that records may be left out. */
  judge(lines: readonly Line[], jumped: boolean): void {
    const before = new Map<number, Line>();
    const inside = new Map(this.#lengths.map((length) => [length, { ...NONE }]));
    let [timestampMax, lengthMax] = [-Infinity, 0];
    for (const line of lines) {
      const { timestamp, lengthSeconds } = line;
      const isInOrder = timestamp > timestampMax || (timestamp === timestampMax && lengthSeconds > lengthMax);
      if (!isInOrder) {
        assert.fail(`${lengthSeconds}s to ${timestamp} behind ${lengthMax}s to ${timestampMax}`);
      }
      [timestampMax, lengthMax] = [timestamp, lengthSeconds];
      const last = this.#last.get(lengthSeconds) ?? -Infinity;
      if (timestamp <= last) {
        assert.fail(`${lengthSeconds}s to ${timestamp} behind ${lengthSeconds}s to ${last}`);
      }
      this.#last.set(lengthSeconds, timestamp);
      const previous = before.get(lengthSeconds);
      if (previous && !line.partial && !jumped && timestamp - previous.timestamp !== lengthSeconds) {
        assert.fail(`nothing between ${lengthSeconds}s to ${previous.timestamp} and to ${timestamp}`);
      }
      before.set(lengthSeconds, line);
      if (lengthSeconds === this.#lengths[0]) inside.forEach((each) => add(each, line));
      else judgeLong(inside.get(lengthSeconds)!, line);
    }
  }
}

function add(inside: Inside, { sum, max, min }: Line): void {
  if (sum === 0n) return; // Empty: every A1 is above zero, and the 0 in its place is no A2 and no A3.
  inside.sum += sum;
  inside.max = Math.max(inside.max, max);
  inside.min = Math.min(inside.min, min);
}

/** Base windows add up to the longer one around them. */
function judgeLong(inside: Inside, { timestamp, lengthSeconds, sum, max, min }: Line): void {
  const expected = inside.sum === 0n ? { sum: 0n, max: 0, min: 0 } : inside;
  if (sum !== expected.sum || max !== expected.max || min !== expected.min) {
    const [long, short] = [[sum, max, min], [expected.sum, expected.max, expected.min]];
    assert.fail(`${lengthSeconds}s to ${timestamp} says ${long}, and the records inside it ${short}`);
  }
  Object.assign(inside, NONE);
}
