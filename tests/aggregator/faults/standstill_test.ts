import assert from "node:assert/strict";
import { faultTest, FULL, sleep, times } from "../../support/processes/long_tests.ts";
import { Sender } from "../../support/messages/load.ts";
import { Service } from "../../support/processes/aggregator_process.ts";
import {
  assertConsistent,
  assertGapless,
  assertSums,
  readStrictly,
} from "../../support/disk/strict_records.ts";

/** How long the process is stopped: longer than a worker may be silent, and than a window lasts. */
const STILL_MS = FULL ? 5000 : 2500;
/** What the kernel charges a socket's buffer for a small datagram. The buffer is twice as large as logged. */
const DATAGRAM_TRUESIZE_BYTES = 768;

faultTest(
  "after SIGSTOP and SIGCONT, the windows that ended meanwhile get their records, whole and in order",
  async () => {
    for (let round = 0; round < times(1, 3); round++) {
      await using service = await Service.start("start", ["--workers", "2", "--windows", "1s,2s"]);
      const granted = Number((await service.event("listening")).receive_buffer);
      // What one socket holds. Two sockets share the load, so half of their space stays free.
      const held = 2 * granted / DATAGRAM_TRUESIZE_BYTES;
      const rate = Math.min(20_000, Math.floor(held / (STILL_MS / 1000)));
      const count = Math.ceil(rate * (STILL_MS + 2000) / 1000);
      await using sender = new Sender(service.port, ["--rate", `${rate}/s`, "--count", String(count)]);
      const [first] = await service.recordsUntil((records) => records.some((record) => record.A1_sum > 0));
      service.signal("SIGSTOP");
      await sleep(STILL_MS);
      const size = (await Deno.stat(service.out)).size;
      service.signal("SIGCONT");
      const sent = await sender.end();
      const { code, totals } = await service.stop();
      assert.equal(code, 0);
      assert.equal(totals.dropped, 0);
      assert.equal(totals.accepted, sent.sent);
      const records = await readStrictly(service.out);
      assert.ok((await Deno.stat(service.out)).size > size);
      assertConsistent(records);
      for (const seconds of [1, 2]) assertGapless(records, seconds);
      assertSums(records, [1, 2], BigInt(sent.A1_sum));
      const lastTimestamp = records.findLast((record) => !record.partial)!.timestamp;
      assert.ok(lastTimestamp - first!.timestamp >= Math.floor(STILL_MS / 1000));
      const unexpected = service.log.map(({ event }) => event).filter((event) =>
        !["listening", "small_receive_buffer", "stopped"].includes(event)
      );
      assert.deepEqual(unexpected, []); // No worker was declared dead, and no clock step was seen.
    }
  },
);
