import assert from "node:assert/strict";
import { faultTest, FULL } from "../../support/processes/long_tests.ts";
import { makePipe, Reader } from "../../support/disk/named_pipe.ts";
import { sendDatagrams, Service } from "../../support/processes/aggregator_process.ts";
import { withDirectory } from "../../support/disk/temporary_directory.ts";

/** Reads records until one holds a message. */
async function readMessage(reader: Reader): Promise<{ A1_sum: number }> {
  for (;;) {
    let line = "";
    while (!line.endsWith("\n")) line += await reader.read(1);
    const record = JSON.parse(line);
    if (record.A1_sum !== 0) return record;
  }
}

faultTest(
  "with a pipe that nobody reads, the service starts, logs that, continues with a reader, and stops",
  () =>
    withDirectory(async (directory) => {
      const out = `${directory}/pipe`;
      await makePipe(out);
      await using service = await Service.start("start", ["--windows", "1s", "--out", out]);
      assert.equal((await service.event("sink_failing")).reason, "nobody reads the pipe");
      await sendDatagrams(service.port, ['{"A1":7,"A2":1,"A3":1}']);
      {
        await using reader = await Reader.of(out);
        await service.event("sink_recovered");
        assert.equal((await readMessage(reader)).A1_sum, 7);
      }
      await service.event("sink_failing", 2);
      await sendDatagrams(service.port, ['{"A1":8,"A2":1,"A3":1}']);
      const begunMs = performance.now();
      const { code } = await service.stop();
      assert.equal(code, 0, "the checkpoint holds the waiting record");
      assert.ok(performance.now() - begunMs < 5000);
      await using next = await Service.spawn("start", ["--windows", "1s", "--out", out]);
      await next.event("recovered");
      await using reader = await Reader.of(out);
      assert.equal((await readMessage(reader)).A1_sum, 8);
      assert.equal((await next.stop()).code, 0);
    }),
  ["/bin/sh"],
);

faultTest(
  "a pipe that replaces the file counts as a failing file until a process reads it",
  () =>
    withDirectory(async (directory) => {
      const out = `${directory}/metrics.jsonl`;
      await using service = await Service.start("start", ["--windows", "1s", "--out", out]);
      await service.recordsUntil((records) => records.length > 0);
      await makePipe(`${directory}/pipe`);
      await Deno.rename(`${directory}/pipe`, out);
      await service.event("sink_failing");
      await sendDatagrams(service.port, ['{"A1":7,"A2":1,"A3":1}']);
      await using reader = await Reader.of(out);
      assert.equal((await readMessage(reader)).A1_sum, 7);
      await service.event("sink_recovered");
      assert.equal((await service.stop()).code, 0);
    }),
  ["/bin/sh"],
);

faultTest("a directory as --out is an error at the start", () =>
  withDirectory(async (directory) => {
    await using service = await Service.spawn("start", ["--out", directory]);
    await assert.rejects(
      service.event("listening"),
      new RegExp(`error: Cannot open ${directory}: it is a directory, not a file`),
    );
    assert.equal((await service.end()).code, 1);
  }));

// This test needs root and fails without it, so it runs with --full only.
if (FULL) {
  faultTest(
    "a device that takes no bytes counts as a failing file, and the file that replaces it gets every record",
    () =>
      withDirectory(async (directory) => {
        const out = `${directory}/full`;
        const { success } = await new Deno.Command("mknod", { args: [out, "c", "1", "7"] }).output();
        assert.ok(success, "Cannot make a device: run this test as root");
        await using service = await Service.start("start", ["--windows", "1s", "--out", out]);
        assert.match(String((await service.event("sink_failing")).reason), /No space left|ENOSPC/);
        await sendDatagrams(service.port, ['{"A1":7,"A2":1,"A3":1}']);
        await Deno.remove(out);
        await service.event("sink_recovered");
        await service.recordsUntil((records) => records.some((record) => record.A1_sum === 7));
        assert.equal((await service.stop()).code, 0);
      }),
    ["mknod"],
  );
}
