import assert from "node:assert/strict";

/** A record in the file, with its exact numbers. */
export interface Line {
  timestamp: number;
  lengthSeconds: number;
  sum: bigint;
  /** Exact as a number: the simulation sends small A2 and A3. */
  max: number;
  min: number;
  partial: boolean;
}

const LINE =
  /^\{"timestamp":(\d+), "count_type":"(\d+)s", "A1_sum": (-?\d+), "A2_max":(-?\d+), "A3_min": (-?\d+)(, "partial":true)?\}$/;

/** Reads what the files have gained since the last call. The order of the files must not change. */
export class LineReader {
  readonly #offsets: number[] = [];
  readonly #whole: string[] = [];
  readonly #torn: string[] = [];

  /** Returns the new whole records. One that lacks only its newline is whole; half a record waits. */
  next(files: readonly string[]): Line[] {
    const lines: Line[] = [];
    for (const [index, file] of files.entries()) {
      const begin = this.#offsets[index] ?? 0;
      const end = file.lastIndexOf("\n") + 1;
      const rest = file.slice(Math.max(begin, end));
      const isRecord = LINE.test(rest);
      this.#offsets[index] = isRecord ? file.length : Math.max(begin, end);
      if (begin < end) {
        lines.push(...file.slice(begin, end - 1).split("\n").flatMap((text) => this.#parse(text)));
      }
      if (isRecord) lines.push(...this.#parse(rest));
    }
    return lines;
  }

  /** Checks that each half record, torn by a kill or a rename, begins a record that is whole elsewhere. */
  checkTorn(files: readonly string[]): void {
    const rests = files.map((file, index) => file.slice(this.#offsets[index]));
    for (const torn of [...this.#torn, ...rests]) {
      assert.ok(torn === "" || this.#whole.some((line) => line.startsWith(torn)), `lost: ${torn}`);
    }
  }

  #parse(text: string): Line[] {
    const [, timestamp, length, sum, max, min, partial] = LINE.exec(text) ?? [];
    if (min === undefined) {
      this.#torn.push(text);
      return [];
    }
    this.#whole.push(text);
    return [{
      timestamp: Number(timestamp),
      lengthSeconds: Number(length),
      sum: BigInt(sum!),
      max: Number(max),
      min: Number(min),
      partial: partial !== undefined,
    }];
  }
}
