import assert from "node:assert/strict";
import { begin, killedAfter, PATH, settle, sumOf } from "../../support/disk/recorder_on_simulated_disk.ts";
import { SimulatedDisk, type SimulatedProcessDisk } from "../../support/disk/simulated_disk.ts";

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: `recorder: ${name}`, permissions: "none", fn });
}

/** Each A1 is twice the one before, so a sum shows which messages it includes. */
const MESSAGES = [1, 2, 4, 8, 16, 32];

/** Writes four base windows and two long ones; calls `kept` with the sum that a kill may no longer lose. */
async function life(
  process: SimulatedProcessDisk,
  disk: SimulatedDisk,
  id: string,
  kept: (sum: number) => void,
) {
  const { recorder, recovered, add, end, finish } = await begin(disk, id, process);
  await recorder.recover(recovered);
  let sum = 0;
  for (const [i, a1] of MESSAGES.entries()) {
    add(a1);
    sum += a1;
    recorder.keep();
    await recorder.write([]);
    kept(sum);
    if (i % 2 === 1 || i === 4) await end();
  }
  await finish();
}

test("after a kill before any operation on the disk, the next start leaves each message in the file once", async () => {
  let completed = false;
  let operations = 0;
  for (; !completed; operations++) {
    const disk = new SimulatedDisk();
    let kept = 0;
    completed = await killedAfter(
      disk,
      operations,
      (process) => life(process, disk, "1", (sum) => kept = sum),
    );
    await settle(disk);
    const [base, long] = [sumOf(disk, "1s"), sumOf(disk, "3s")];
    assert.equal(base, long, `killed after ${operations} operations:\n${disk.text(PATH)}`);
    assert.ok(base >= kept, `killed after ${operations} operations: ${base}, but ${kept} was kept`);
    const lines = disk.text(PATH).split("\n");
    assert.equal(new Set(lines).size, lines.length, `a record is repeated:\n${disk.text(PATH)}`);
    assert.deepEqual(disk.paths(), [PATH]);
  }
  assert.ok(operations > 50, `a life of ${operations} operations`);
});

test("after a second kill during the recovery, each message is still in the file once", async () => {
  let lives = 0;
  for (let first = 0; first < 60; first++) {
    for (let second = 0, completed = false; !completed; second++) {
      const disk = new SimulatedDisk();
      await killedAfter(disk, first, (process) => life(process, disk, "1", () => {}));
      const expected = new SimulatedDisk();
      await killedAfter(expected, first, (process) => life(process, expected, "1", () => {}));
      await settle(expected);
      completed = await killedAfter(disk, second, async (process) => {
        const { recorder, recovered } = await begin(disk, "2", process);
        await recorder.recover(recovered);
      });
      await settle(disk);
      assert.equal(disk.text(PATH), expected.text(PATH), `killed after ${first} and ${second} operations`);
      assert.deepEqual(disk.paths(), [PATH]);
      lives++;
    }
  }
  assert.ok(lives > 300, `${lives} lives`);
});

test("a record that a kill left without its newline is not written again", async () => {
  const disk = new SimulatedDisk();
  const process = disk.process();
  const { add, end } = await begin(disk, "1", process);
  disk.writeMax = (bytes) => {
    process.kill();
    return bytes - 1;
  };
  add(1);
  void end();
  for (let i = 0; i < 50; i++) await null;
  assert.match(disk.text(PATH), /}$/);
  disk.writeMax = () => Infinity;
  await settle(disk);
  assert.deepEqual([sumOf(disk, "1s"), sumOf(disk, "3s")], [1, 1]);
});

test("after a kill, the records of a file that was moved to an unknown place are not written again", async () => {
  const disk = new SimulatedDisk();
  await killedAfter(disk, 1000, async (process) => {
    const { add, end } = await begin(disk, "1", process);
    add(1);
    await end();
    for (let i = 0; i < 50; i++) await null; // Now the record is synced and the checkpoint renewed.
    disk.rename(PATH, "data/aside");
  });
  await settle(disk);
  assert.deepEqual([sumOf(disk, "1s"), sumOf(disk, "3s")], [0, 1]);
});
