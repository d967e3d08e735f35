import assert from "node:assert/strict";
import { between, faultTest, sleep, times } from "../../support/processes/long_tests.ts";
import { Sender } from "../../support/messages/load.ts";
import { Service } from "../../support/processes/aggregator_process.ts";
import { parseStrictly, readStrictly, sumOf } from "../../support/disk/strict_records.ts";

const FLAGS = ["--workers", "2", "--windows", "1s,2s"];

/**
 * Starts a new process on the port of an old one and then stops the old one, at 50,000 datagrams a second.
 */
async function overlap(sameFile: boolean): Promise<void> {
  await using old = await Service.start("start", FLAGS);
  await using sender = new Sender(old.port, ["--rate", "50000/s", "--count", "10000000"]);
  await sleep(between(300, 700));
  const file = sameFile ? ["--out", old.out] : [];
  await using newer = await Service.start("start", [...FLAGS, ...file, "--listen", `127.0.0.1:${old.port}`]);
  await sleep(between(0, 500));
  const oldEnd = await old.stop();
  await sleep(between(0, 500));
  const sent = await sender.stop();
  const newerEnd = await newer.stop();
  const ends = [oldEnd, newerEnd];
  for (const { code, totals } of ends) {
    assert.equal(code, 0);
    assert.equal(totals.dropped, 0);
  }
  assert.ok(Number(newerEnd.totals.received) > 0, "the new process received nothing");
  assert.equal(ends.reduce((sum, { totals }) => sum + Number(totals.accepted), 0), sent.sent);
  const records = sameFile
    ? await readStrictly(old.out)
    : parseStrictly(await Deno.readTextFile(old.out) + await Deno.readTextFile(newer.out));
  assert.equal(records.length, ends.reduce((sum, { totals }) => sum + Number(totals.records), 0));
  for (const seconds of [1, 2]) assert.equal(sumOf(records, seconds), BigInt(sent.A1_sum), `${seconds}s`);
}

faultTest(
  "an overlapping restart at 50,000 datagrams a second loses none of them, with one output file or two",
  async () => {
    for (let round = 0; round < times(2, 20); round++) await overlap(round % 2 === 0);
  },
);
