import assert from "node:assert/strict";
import fc from "fast-check";
import { Follower } from "../../src/shipper/follower.ts";
import { SimulatedDestination, SimulatedSource } from "./simulated_source.ts";

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: `follower: ${name}`, permissions: "none", fn });
}

const line = (seconds: number) =>
  `{"timestamp":${seconds}, "count_type":"10s", "A1_sum": ${seconds * 7}, "A2_max":30, "A3_min": 1}\n`;
const sumsTo = (last: number) => Array.from({ length: last }, (_, i) => String((i + 1) * 7));

function parts(readBytes = 300) {
  const [source, destination] = [new SimulatedSource(), new SimulatedDestination()];
  const start = () => new Follower({ directory: source, destination, readBytes });
  return { source, destination, start };
}

test("a line is shipped once it is complete, even if it is written byte by byte", async () => {
  const { source, destination, start } = parts();
  const follower = start();
  await follower.pass(); // The file does not exist yet.
  const text = line(1) + line(2);
  for (const char of text) {
    source.append(char);
    await follower.pass();
  }
  assert.deepEqual(destination.sums, sumsTo(2));
  follower.close();
  assert.equal(source.opened, 0);
});

test("a renamed file is finished first, even after two renames between passes", async () => {
  const { source, destination, start } = parts();
  const follower = start();
  source.append(line(1));
  await follower.pass();
  source.append(line(2));
  source.rename("metrics.jsonl", "metrics.jsonl.2");
  source.append(line(3));
  source.rename("metrics.jsonl", "metrics.jsonl.1");
  source.append(line(4));
  await follower.pass();
  assert.deepEqual([...destination.rows.values()].map(([row]) => row!.sum), sumsTo(4));
  follower.close();
});

test("a removed file is finished if it was open", async () => {
  const { source, destination, start } = parts();
  const follower = start();
  source.append(line(1));
  await follower.pass();
  source.append(line(2));
  source.remove();
  source.append(line(3));
  await follower.pass();
  assert.deepEqual(destination.sums, sumsTo(3));
  follower.close();
  assert.equal(source.opened, 0);
});

test("a copy of the file adds nothing, whether it is complete or not", async () => {
  const { source, destination, start } = parts();
  source.append(line(1) + line(2) + line(3));
  const follower = start();
  await follower.pass();
  source.copy("metrics.jsonl.1", 100);
  await follower.pass();
  source.copy("metrics.jsonl.1");
  source.cut(0);
  await follower.pass();
  source.append(line(4));
  await follower.pass();
  assert.deepEqual(destination.sums, sumsTo(4));
  assert.deepEqual([destination.repeated, destination.conflicts], [0, 0]);
  follower.close();
});

test("a file that was restored from a backup is read from its beginning, and known rows are not added again", async () => {
  const { source, destination, start } = parts();
  source.append(line(1) + line(2) + line(3));
  const follower = start();
  await follower.pass();
  source.cut(line(1).length);
  source.append(line(4) + line(5) + line(6));
  await follower.pass();
  assert.deepEqual(destination.sums, sumsTo(6));
  assert.equal(destination.repeated, 1);
  follower.close();
});

test("a line that is too long is skipped up to its end", async () => {
  const { source, destination, start } = parts(70_000);
  const follower = start();
  source.append(line(1) + "x".repeat(150_000));
  await follower.pass();
  source.append(`${"y".repeat(10)}`);
  await follower.pass();
  source.append(`\n${line(2)}`);
  await follower.pass();
  assert.deepEqual(destination.sums, sumsTo(2));
  assert.equal(destination.rejected, 1);
  follower.close();
});

test("copytruncate between any two system calls of a pass loses and repeats nothing", async () => {
  for (let call = 0; call < 8; call++) {
    const { source, destination, start } = parts(1000);
    const follower = start();
    source.append([1, 2, 3].map(line).join(""));
    await follower.pass();
    source.append(line(4));
    let left = call;
    source.before = () => {
      if (left-- !== 0) return;
      source.copy("metrics.jsonl.1");
      source.cut(0);
      source.append([5, 6, 7, 8, 9, 10].map(line).join(""));
    };
    await follower.pass();
    source.before = () => {};
    if (left >= 0) source.append([5, 6, 7, 8, 9, 10].map(line).join("")); // The pass made fewer calls.
    for (let pass = 0; pass < 3; pass++) await follower.pass();
    follower.close();
    assert.deepEqual(destination.sums, sumsTo(10), `at call ${call}`);
    assert.deepEqual([destination.repeated, destination.rejected], [0, 0], `at call ${call}`);
  }
});

test("after failures batches get smaller, and after successes larger again", async () => {
  const { source, destination, start } = parts(1_000_000);
  source.append(Array.from({ length: 60_000 }, (_, i) => line(i + 1)).join(""));
  const sizes: number[] = [];
  destination.fate = () => sizes.length <= 6 ? "lost" : "well";
  const follower = start();
  const { ship } = destination;
  destination.ship = (batch) => {
    sizes.push(batch.to.offset - batch.from.offset);
    return ship.call(destination, batch);
  };
  for (let pass = 0; pass < 6; pass++) await assert.rejects(follower.pass());
  await follower.pass();
  const rough = sizes.slice(0, 7).map((size) => Math.round(size / 62_500));
  assert.deepEqual(rough, [16, 8, 4, 2, 2, 2, 2], String(sizes));
  assert.ok(sizes.some((size, at) => at > 6 && size > 900_000), String(sizes));
  assert.equal(destination.sums.length, 60_000);
  follower.close();
});

type Step =
  | { kind: "write"; lines: number }
  | {
    kind:
      | "half"
      | "rename"
      | "date"
      | "copytruncate"
      | "remove read"
      | "pass"
      | "kill"
      | "restore"
      | "truncate meanwhile";
  };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("write" as const), lines: fc.integer({ min: 1, max: 8 }) }),
  },
  { weight: 6, arbitrary: fc.constant({ kind: "pass" as const }) },
  ...([
    "half",
    "rename",
    "date",
    "copytruncate",
    "remove read",
    "kill",
    "restore",
    "truncate meanwhile",
  ] as const).map((kind) => ({
    weight: 1,
    arbitrary: fc.constant({ kind }),
  })),
);

test("every line is stored once, whatever happens to the files, the database and the shipper", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      fc.infiniteStream(fc.constantFrom("well", "well", "well", "lost", "answer lost" as const)),
      fc.integer({ min: 200, max: 1000 }),
      fc.infiniteStream(fc.nat(12)),
      async (steps, fates, readBytes, crashes) => {
        const { source, destination, start } = parts(readBytes);
        let seconds = 0;
        let follower = start();
        let half = "";
        destination.fate = () => fates.next().value as "well";
        const finish = () => {
          if (half) source.append(half);
          half = "";
        };
        const write = (lines: number) => {
          finish();
          for (let i = 0; i < lines; i++) source.append(line(++seconds));
        };
        for (const each of steps) {
          if (each.kind === "write") write(each.lines);
          else if (each.kind === "half") {
            finish();
            const whole = line(++seconds);
            source.append(whole.slice(0, 20));
            half = whole.slice(20);
          } else if (each.kind === "rename") {
            finish();
            source.shift();
            source.rename("metrics.jsonl", "metrics.jsonl.1");
          } else if (each.kind === "date") {
            finish();
            source.rename("metrics.jsonl", `metrics.jsonl-${seconds}`);
          } else if (each.kind === "copytruncate") {
            finish();
            source.shift();
            source.copy("metrics.jsonl.1", Math.floor(source.size() / 2));
            await follower.pass().catch(() => {});
            source.copy("metrics.jsonl.1");
            await follower.pass().catch(() => {});
            source.cut(0);
          } else if (each.kind === "restore" && source.size() > 0) {
            // A restore loses the lines since the backup unless they were shipped, so they are shipped first.
            finish();
            destination.fate = () => "well";
            await follower.pass();
            destination.fate = () => fates.next().value as "well";
            source.restore();
          } else if (each.kind === "remove read") {
            finish();
            destination.fate = () => "well";
            await follower.pass();
            destination.fate = () => fates.next().value as "well";
            source.remove();
          } else if (each.kind === "truncate meanwhile") {
            // The file is copied, truncated and written to between any two system calls of a pass.
            finish();
            let left = crashes.next().value as number;
            source.before = () => {
              if (left-- !== 0) return;
              source.shift();
              source.copy("metrics.jsonl.1");
              source.cut(0);
              write(crashes.next().value as number);
            };
            await follower.pass().catch(() => {});
            source.before = () => {};
          } else if (each.kind === "pass") await follower.pass().catch(() => {});
          else if (each.kind === "kill") {
            // The shipper is killed in the middle of a pass, at any of its system calls.
            let left = crashes.next().value as number;
            source.before = () => {
              if (left-- <= 0) throw new Error("killed");
            };
            await follower.pass().catch(() => {});
            source.before = () => {};
            follower.close();
            follower = start();
          }
        }
        finish();
        destination.fate = () => "well";
        for (let pass = 0; pass < 3; pass++) await follower.pass();
        follower.close();
        assert.deepEqual(destination.sums, sumsTo(seconds));
        assert.deepEqual([destination.conflicts, destination.rejected], [0, 0]);
        assert.equal(source.opened, 0);
      },
    ),
    { numRuns: 1000 },
  ));
