import assert from "node:assert/strict";
import { FileSystem } from "../../../src/aggregator/write/disk.ts";
import { Sink } from "../../../src/aggregator/write/sink.ts";
import { recordLine } from "../../../src/aggregator/write/record.ts";
import { faultTest, until } from "../../support/processes/long_tests.ts";
import { REAL_CLOCK } from "../../../src/shared/clock.ts";
import { eventsInto } from "../../support/recorded_log.ts";
import { Service } from "../../support/processes/aggregator_process.ts";
import { makeDirectory } from "../../support/disk/temporary_directory.ts";
import { parseStrictly } from "../../support/disk/strict_records.ts";

const [FIRST, TORN, NEXT] = [1000, 1010, 1020].map((timestampSeconds) =>
  recordLine({ timestampSeconds, lengthSeconds: 10, sum: 10n ** 30n, max: -5n, min: 7n, partial: false })
) as [string, string, string];

faultTest(
  "a line torn at any byte is closed with a newline and logged, and the next record is whole",
  async () => {
    const directory = await makeDirectory();
    const path = `${directory}/metrics.jsonl`;
    try {
      for (let cut = 0; cut <= TORN.length; cut++) {
        const text = FIRST + TORN.slice(0, cut);
        await Deno.writeTextFile(path, text);
        const events: string[] = [];
        const sink = new Sink({
          path,
          disk: new FileSystem(),
          clock: REAL_CLOCK,
          log: eventsInto(events),
          recordsWaitingMax: 10,
        });
        assert.equal(await sink.open(), cut >= TORN.length - 1 ? 1010 : 1000, `cut ${cut}`);
        sink.add([NEXT]);
        await sink.flush();
        await sink.close();
        const torn = !text.endsWith("\n");
        assert.equal(await Deno.readTextFile(path), text + (torn ? "\n" : "") + NEXT, `cut ${cut}`);
        assert.deepEqual(events, torn ? ["torn_line"] : [], `cut ${cut}`);
      }
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
);

faultTest("a service that starts on a torn file closes the line, logs that, and continues", async () => {
  const directory = await makeDirectory();
  const out = `${directory}/metrics.jsonl`;
  try {
    const torn = TORN.slice(0, 40);
    await Deno.writeTextFile(out, FIRST + torn);
    await using service = await Service.start("start", ["--windows", "1s", "--out", out]);
    await service.event("torn_line");
    await service.event("listening");
    await until("a record", async () => (await Deno.readTextFile(out)).split("\n").length > 3);
    await service.stop();
    const text = await Deno.readTextFile(out);
    assert.ok(text.startsWith(`${FIRST}${torn}\n{"timestamp":`));
    assert.ok(parseStrictly(text.slice(FIRST.length + torn.length + 1)).length > 0);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
