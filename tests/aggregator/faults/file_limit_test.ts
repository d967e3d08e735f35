import assert from "node:assert/strict";
import { faultTest } from "../../support/processes/long_tests.ts";
import { sendDatagrams, Service } from "../../support/processes/aggregator_process.ts";
import { withDirectory } from "../../support/disk/temporary_directory.ts";

/** More than Deno writes to its caches, which the limit also stops. `ulimit -f` counts 512-byte blocks. */
const LIMIT_BYTES = 256 * 1024 * 1024;

faultTest(
  "a file at the process's size limit counts as failing, and after a rename the new file gets every record",
  () =>
    withDirectory(async (directory) => {
      const out = `${directory}/metrics.jsonl`;
      await Deno.writeTextFile(out, "");
      await Deno.truncate(out, LIMIT_BYTES - 31);
      await Deno.writeTextFile(out, `${"x".repeat(10)}\n`, { append: true });
      const flags = ["--windows", "1s", "--out", out];
      await using service = await Service.spawn("start", flags, [], `ulimit -f ${LIMIT_BYTES / 512}`);
      await service.event("listening");
      await sendDatagrams(service.port, ['{"A1":7,"A2":1,"A3":1}']);
      assert.match(String((await service.event("sink_failing")).reason), /File too large/);
      await Deno.rename(out, `${out}.1`);
      await service.event("sink_recovered");
      await service.recordsUntil((records) => records.some((record) => record.A1_sum === 7));
      assert.equal((await service.stop()).code, 0);
    }),
  ["/bin/sh"],
);
