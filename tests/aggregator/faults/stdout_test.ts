import assert from "node:assert/strict";
import { faultTest } from "../../support/processes/long_tests.ts";
import { type FileRecord, sendDatagrams, Service } from "../../support/processes/aggregator_process.ts";
import { withDirectory } from "../../support/disk/temporary_directory.ts";

const MESSAGE = '{"A1":7,"A2":1,"A3":1}';
/** The capacity of a pipe (pipe(7)). */
const PIPE_BYTES = 65_536;
/** A shell command that fills stdout before the service starts. */
const FILL = `head -c ${PIPE_BYTES} /dev/zero`;

const isSeven = ({ A1_sum }: FileRecord) => A1_sum === 7;

/** Reads records from stdout: to its end, or until one of them satisfies `until`. */
async function recordsOf(service: Service, until?: (record: FileRecord) => boolean): Promise<FileRecord[]> {
  const records: FileRecord[] = [];
  let rest = "";
  for await (const text of service.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text.replaceAll("\0", "")).split("\n");
    rest = lines.pop()!;
    records.push(...lines.map((line) => JSON.parse(line)));
    if (until && records.some(until)) return records;
  }
  assert.equal(rest, "");
  return records;
}

faultTest("stdout gets the records of all windows and of the stop, and nothing else", async () => {
  await using service = await Service.start("start", ["--windows", "1s", "--out", "-"]);
  assert.ok(service.log.some(({ event }) => event === "no_checkpoint"));
  const read = recordsOf(service);
  await sendDatagrams(service.port, [MESSAGE]);
  const { code, totals } = await service.stop();
  const records = await read;
  assert.equal(code, 0);
  assert.equal(records.length, totals.records);
  assert.equal(records.filter(isSeven).length, 1);
});

faultTest(
  "when nobody reads stdout, receiving continues, and a stop logs the unwritten records",
  async () => {
    const flags = ["--windows", "1s", "--out", "-"];
    await using service = await Service.spawn("start", flags, [], FILL);
    await service.event("listening");
    await service.event("sink_failing");
    await sendDatagrams(service.port, Array(100).fill(MESSAGE));
    const { code, totals } = await service.stop();
    assert.deepEqual([code, totals.accepted], [1, 100]);
    assert.match(String((await service.event("records_unwritten")).records), /"A1_sum": 700/);
    await service.stdout.cancel();
  },
  ["/bin/sh"],
);

faultTest("when stdout is read again, the records that waited come, each once", async () => {
  await using service = await Service.spawn("start", ["--windows", "1s", "--out", "-"], [], FILL);
  await service.event("sink_failing");
  await sendDatagrams(service.port, [MESSAGE]);
  const records = await recordsOf(service, isSeven);
  records.forEach(({ timestamp }, i) => assert.equal(timestamp, records[0]!.timestamp + i));
  assert.equal((await service.event("sink_recovered")).file, "-");
  await service.stop("SIGKILL");
}, ["/bin/sh"]);

faultTest(
  "with a checkpoint, the next start writes the records that nobody read",
  () =>
    withDirectory(async (directory) => {
      const flags = ["--windows", "60s", "--out", "-", "--checkpoint", `${directory}/state`];
      {
        await using service = await Service.spawn("start", flags, [], FILL);
        await service.event("listening");
        await sendDatagrams(service.port, [MESSAGE]);
        assert.equal((await service.stop()).code, 0, "the checkpoint holds the record");
        await service.stdout.cancel();
      }
      await using next = await Service.start("start", flags);
      assert.equal((await next.event("recovered")).records, 1);
      const [record] = await recordsOf(next, isSeven);
      assert.ok(record!.partial);
      await next.stop();
      assert.deepEqual([...Deno.readDirSync(directory)], []);
    }),
  ["/bin/sh"],
);
