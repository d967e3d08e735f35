import assert from "node:assert/strict";
import type { Port } from "../../src/aggregator/receive/port.ts";
import { emptyTotals } from "../../src/aggregator/aggregate/partial.ts";
import { type Count, ServiceLog } from "../../src/aggregator/service_log.ts";
import { createLog } from "../../src/shared/log.ts";
import { CONFIG } from "../support/simulated/simulated_aggregator.ts";
import { type LogEntry, logInto } from "../support/recorded_log.ts";

function test(name: string, fn: () => void): void {
  Deno.test({ name: `service log: ${name}`, permissions: "none", fn });
}

/** Returns the entries that `say` logs, without their messages: a message may be reworded at any time. */
function logged(say: (log: ServiceLog) => void): Omit<LogEntry, "message">[] {
  const entries: LogEntry[] = [];
  say(new ServiceLog(logInto(entries)));
  return entries.map(({ message, ...entry }) => {
    assert.match(message, /^[a-z].*[^.]$/, "a message starts in lower case and has no full stop");
    return entry;
  });
}

const PORT: Port = {
  kind: "reuseport",
  addresses: [{ hostname: "0.0.0.0", port: 9999 }],
  receivingSockets: 2,
  bufferBytes: CONFIG.receiveBufferBytes,
  orderOf: () => ({}),
  wake() {},
  dropped: () => 0,
  readings: () => [],
  stopAccepting() {},
  close() {},
};

const COUNT: Count = {
  received: 7,
  accepted: 8,
  rejected: { ...emptyTotals().rejected, syntax: 2 },
  dropped: 3,
  lost: 1,
  late: 4,
  records: 5,
  receivedByWorker: [3, 4],
};

const LISTENING = {
  level: "info",
  event: "listening",
  address: "0.0.0.0:9999",
  receiver: "reuseport",
  workers: 2,
  spare_workers: 1,
  receiving_sockets: 2,
  receive_buffer: 26_214_400,
  windows: "10s,60s",
  align: "start",
  file: "data/metrics.jsonl",
  drops_counted: true,
};

test('"listening" has every field of the specification', () => {
  assert.deepEqual(logged((log) => log.listening(CONFIG, PORT)), [LISTENING]);
  assert.deepEqual(
    logged((log) =>
      log.listening(CONFIG, {
        ...PORT,
        addresses: [{ hostname: "::1", port: 9999 }, ...PORT.addresses],
        bufferBytes: null,
        dropped: () => null,
      })
    ),
    [{ ...LISTENING, address: "[::1]:9999,0.0.0.0:9999", receive_buffer: null, drops_counted: false }],
  );
});

test("a receive buffer smaller than requested is a warning that names the sysctl", () => {
  const entries: LogEntry[] = [];
  new ServiceLog(logInto(entries)).listening(CONFIG, { ...PORT, bufferBytes: 212_992 });
  assert.deepEqual(entries.map(({ level, event }) => [level, event]), [
    ["info", "listening"],
    ["warn", "small_receive_buffer"],
  ]);
  assert.match(entries[1]!.message, /sysctl -w net\.core\.rmem_max=26214400/);
  assert.deepEqual([entries[1]!.asked, entries[1]!.granted], [26_214_400, 212_992]);
});

test('"totals" and "stopped" have the field names of the specification', () => {
  const lines: string[] = [];
  const log = createLog({
    level: "info",
    format: "json",
    write: (line) => void lines.push(line),
    now: () => new Date(0),
  });
  new ServiceLog(log).totals(COUNT);
  new ServiceLog(log).stopped({ ...COUNT, dropped: null });
  const [totals, stopped] = lines.map((line) => JSON.parse(line));
  const { time: _time, message: _message, ...fields } = totals;
  assert.deepEqual(fields, {
    level: "info",
    event: "totals",
    received: 7,
    accepted: 8,
    rejected: { empty: 0, truncated: 0, syntax: 2, missing_field: 0, not_integer: 0, out_of_range: 0 },
    dropped: 3,
    lost: 1,
    late: 4,
    records: 5,
    received_by_worker: [3, 4],
  });
  assert.deepEqual([stopped.event, stopped.dropped], ["stopped", null]);
});

const CASES: [name: string, say: (log: ServiceLog) => void, entries: Omit<LogEntry, "message">[]][] = [
  [
    "a clock step",
    (log) => {
      log.clockStep({ direction: "forward", byMs: 1234.5678 });
      log.clockStep({ direction: "back", byMs: 99.5 });
    },
    [
      { level: "warn", event: "clock_step", direction: "forward", by_ms: 1235 },
      { level: "warn", event: "clock_step", direction: "back", by_ms: 100 },
    ],
  ],
  [
    "a file whose last record lies in the future",
    (log) => log.futureFile(9_999_999_999),
    [{ level: "warn", event: "future_file", last_timestamp: 9_999_999_999 }],
  ],
  [
    "a worker lost and replaced",
    (log) => {
      log.workerLost(1, "bang", 17);
      log.workerReplaced(1, 2);
    },
    [
      { level: "error", event: "worker_lost", worker: 1, reason: "bang", lost: 17 },
      { level: "warn", event: "worker_replaced", worker: 1, replacement: 2 },
    ],
  ],
  [
    "no spare left",
    (log) => log.workerReplaced(1, undefined),
    [{ level: "error", event: "no_spare_left" }],
  ],
  [
    "a spare lost",
    (log) => log.spareLost(2, "bang"),
    [{ level: "error", event: "spare_lost", worker: 2, reason: "bang" }],
  ],
  [
    "unwritten records are logged so that they can be pasted into the file",
    (log) => log.unwritten(['{"timestamp":1}\n', '{"timestamp":2}\n']),
    [{ level: "error", event: "records_unwritten", records: ['{"timestamp":1}', '{"timestamp":2}'] }],
  ],
];

for (const [name, say, entries] of CASES) test(name, () => assert.deepEqual(logged(say), entries));
