import assert from "node:assert/strict";

/** A record of the file, with exact numbers. */
export interface StrictRecord {
  timestamp: number;
  seconds: number;
  sum: bigint;
  max: bigint;
  min: bigint;
  partial: boolean;
}

const RECORD =
  /^\{"timestamp":(\d+), "count_type":"(\d+)s", "A1_sum": (-?\d+), "A2_max":(-?\d+), "A3_min": (-?\d+)(, "partial":true)?\}$/;

/** Parses records. A line that is torn, damaged or without a newline fails the test. */
export function parseStrictly(text: string): StrictRecord[] {
  if (text === "") return [];
  assert.ok(text.endsWith("\n"), `the last line is torn: ${text.slice(-200)}`);
  return text.slice(0, -1).split("\n").map((line) => {
    const match = RECORD.exec(line);
    assert.ok(match, `no record: ${JSON.stringify(line)}`);
    const [, timestamp, seconds, sum, max, min, partial] = match;
    return {
      timestamp: Number(timestamp),
      seconds: Number(seconds),
      sum: BigInt(sum!),
      max: BigInt(max!),
      min: BigInt(min!),
      partial: partial !== undefined,
    };
  });
}

/** Reads the records of a file; see {@linkcode parseStrictly}. */
export async function readStrictly(path: string): Promise<StrictRecord[]> {
  return parseStrictly(await Deno.readTextFile(path));
}

/** Returns the A1 sum of the records of this window length. */
export function sumOf(records: readonly StrictRecord[], seconds: number): bigint {
  return records.filter((record) => record.seconds === seconds).reduce((sum, record) => sum + record.sum, 0n);
}

/** Checks that the timestamps of each window length strictly increase. */
export function assertConsistent(records: readonly StrictRecord[]): void {
  const lengths = [...new Set(records.map((record) => record.seconds))];
  for (const seconds of lengths) {
    const own = records.filter((record) => record.seconds === seconds);
    own.slice(1).forEach((record, i) =>
      assert.ok(
        record.timestamp > own[i]!.timestamp,
        `${seconds}s: ${record.timestamp} after ${own[i]!.timestamp}`,
      )
    );
  }
}

/** Checks that the records of each length have this A1 sum: nothing is counted twice, nothing is missing. */
export function assertSums(records: readonly StrictRecord[], lengths: readonly number[], sum: bigint): void {
  for (const seconds of lengths) assert.equal(sumOf(records, seconds), sum, `the ${seconds}s records`);
}

/** Checks that the whole records of this length follow each other without a gap. */
export function assertGapless(records: readonly StrictRecord[], seconds: number): void {
  const own = records.filter((record) => record.seconds === seconds && !record.partial);
  own.forEach((record, i) => assert.equal(record.timestamp, own[0]!.timestamp + i * seconds));
}
