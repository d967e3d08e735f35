import assert from "node:assert/strict";
import { statusJson } from "../../../src/aggregator/admin/status.ts";
import { boards, FACTS, REPORT, SAMPLE, SHAPE } from "../../support/http/admin_report.ts";

const USAGE = { cpuSeconds: 1.5, residentBytes: 1e8 };

Deno.test({
  name:
    "admin status: everything known and the last hour are shown; numbers beyond JSON's precision are strings",
  permissions: "none",
  fn() {
    const { writer, reader } = boards();
    writer.closed([{ lengthSeconds: 10, timestampSeconds: 1060, sum: 2n ** 64n, max: 5n, min: -5n }]);
    writer.report({ ...REPORT, sinkFailing: 1 }, { ...SAMPLE, dropped: NaN });
    const moment = { nowMs: 62_000, tickedMs: 61_900, reading: reader.now() };
    const text = statusJson(moment, FACTS, USAGE, reader.history());
    assert.ok(!text.includes("\n"));
    const { history, workers, troubles, ...status } = JSON.parse(text);
    assert.deepEqual(history, {
      samples: { seconds: [1061], received: [61], accepted: [101], rejected: [75], dropped: [null] },
      windows: [[[1060, "18446744073709551616", 5, -5]], []],
    });
    assert.deepEqual(workers.slice(1), [
      { worker: 1, state: "receiving", received: 31, dropped: 43, queue_bytes: 44, buffer_bytes: 45 },
      { worker: 2, state: "parked", received: null, dropped: null, queue_bytes: null, buffer_bytes: null },
    ]);
    assert.deepEqual(troubles.map(({ code }: { code: string }) => code), ["sink_failing"]);
    assert.deepEqual(status, {
      service: "aggregator",
      version: "0.1.0",
      deno: "2.9.6",
      start_seconds: 1000,
      alive: true,
      ready: false,
      receiver: "reuseport",
      listen: [{ hostname: "::1", port: 9999 }],
      file: "data/metrics.jsonl",
      window_seconds: [10, 60],
      master_tick_age_seconds: 0.1,
      cpu_seconds: 1.5,
      resident_bytes: 1e8,
      reported_seconds: 61,
      wall_seconds: 1061,
      datagrams: { received: 61, dropped: 83, lost: 2 },
      messages: {
        accepted: 101,
        rejected: {
          empty: 10,
          truncated: 11,
          syntax: 12,
          missing_field: 13,
          not_integer: 14,
          out_of_range: 15,
        },
        late: 3,
      },
      records: { written: 4, waiting: 5, lost: 6, last_age_seconds: 2 },
      sink_up: false,
      checkpoint: { up: true, last_age_seconds: 1.5 },
      spares_left: 1,
      clock_steps: { forward: 8, back: 9 },
      descriptors: { open: 57, max: 4096 },
      last_windows: [{ length_seconds: 10, values: [1060, "18446744073709551616", 5, -5] }],
    });
  },
});

Deno.test({
  name: "admin status: before the first report, unknown values are null or left out",
  permissions: "none",
  fn() {
    const { reader } = boards();
    const status = JSON.parse(statusJson({ nowMs: 5, tickedMs: NaN, reading: reader.now() }, FACTS, USAGE));
    assert.deepEqual([status.alive, status.ready, status.listen[0].port], [false, false, null]);
    assert.ok(!("datagrams" in status) && !("history" in status));
  },
});

Deno.test({
  name: "admin status: a worker's numbers add up its sockets, one per address; unknown numbers are null",
  permissions: "none",
  fn() {
    const { writer, reader } = boards({ ...SHAPE, sockets: 4, addresses: 2 });
    const sockets = [1, 10, 100, 1000].map((n) => ({ dropped: n, queuedBytes: NaN, bufferBytes: n }));
    writer.report({ ...REPORT, sockets, ports: [9, NaN], checkpointFailing: NaN, checkpointMs: NaN }, SAMPLE);
    const moment = { nowMs: 62_000, tickedMs: 61_900, reading: reader.now() };
    const { workers, listen, checkpoint } = JSON.parse(
      statusJson(moment, { ...FACTS, hostnames: ["127.0.0.1", "::1"] }, USAGE),
    );
    assert.deepEqual(
      workers.map(({ dropped, queue_bytes }: Record<string, number>) => [dropped, queue_bytes]),
      [[101, null], [1010, null], [null, null]],
    );
    assert.deepEqual(listen, [{ hostname: "127.0.0.1", port: 9 }, { hostname: "::1", port: null }]);
    assert.deepEqual(checkpoint, { up: null, last_age_seconds: null });
  },
});
