import assert from "node:assert/strict";
import { faultTest, times } from "../../support/processes/long_tests.ts";
import { OBEDIENT, orderMessage } from "../../support/processes/faulty_orders.ts";
import { sendLoad } from "../../support/messages/load.ts";
import { sendDatagrams, Service } from "../../support/processes/aggregator_process.ts";
import { assertSums, readStrictly, sumOf } from "../../support/disk/strict_records.ts";

faultTest(
  "in a flood that a slow worker and small buffers can't take, sent = received + dropped, exactly",
  async () => {
    const flags = ["--workers", "2", "--windows", "1s,2s", "--receive-buffer", "65536"];
    for (let round = 0; round < times(1, 5); round++) {
      await using service = await Service.start("start", flags, OBEDIENT);
      await sendDatagrams(service.port, [orderMessage("slow")]);
      const { totals: sent } = await sendLoad({
        port: service.port,
        rate: Infinity,
        count: 300_000,
        seed: round,
      });
      const { code, totals } = await service.stop();
      assert.equal(code, 0);
      assert.ok(Number(totals.dropped) > 50_000, `no flood: ${totals.dropped} dropped`);
      assert.equal(Number(totals.received) + Number(totals.dropped), sent.datagrams + 1);
      assert.equal(totals.accepted, totals.received);
      assert.equal(totals.lost, 0);
      const records = await readStrictly(service.out);
      assertSums(records, [2], sumOf(records, 1));
      assert.ok(sumOf(records, 1) < BigInt(sent.A1_sum));
    }
  },
);
