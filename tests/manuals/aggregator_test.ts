import assert from "node:assert/strict";
import { aggregatorMetrics } from "../../src/aggregator/admin/metrics.ts";
import { aggregatorFlags } from "../../src/aggregator/config.ts";
import { Accumulator, emptyTotals, totalsOf } from "../../src/aggregator/aggregate/partial.ts";
import { Batch, scanDatagram } from "../../src/aggregator/parse/scanner.ts";
import { recordLine } from "../../src/aggregator/write/record.ts";
import { sampleLine } from "../../src/aggregator/write/rejected_sample.ts";
import { LIBC_PATHS } from "../../src/shared/libc.ts";
import {
  entrypointOf,
  eventsLogged,
  testFlags,
  testPermissions,
  wordsOfTask,
} from "../support/house/manual_tables.ts";
import { boards, FACTS, REPORT, SAMPLE } from "../support/http/admin_report.ts";
import { manual, MANUALS, manualTest } from "../support/house/manuals.ts";
import * as parser from "../support/house/manual_parser.ts";

const PATH = "src/aggregator/README.md";
const MANUAL = manual(PATH);

testFlags(PATH, "Flags", aggregatorFlags({ cores: 2, stderrIsTerminal: true }));
testPermissions(PATH, "Permissions", [
  ["`start`", wordsOfTask("start")],
  ["`start:sandbox`", wordsOfTask("start:sandbox")],
  ["container", entrypointOf("aggregator")],
]);

manualTest(PATH, "Input: each example is rejected with the reason in its row", () => {
  const rows = parser.tableOf(MANUAL, "Input", "reason");
  assert.deepEqual(rows.map(({ reason }) => parser.codesIn(reason!)[0]), Object.keys(emptyTotals().rejected));
  for (const { reason, example } of rows) {
    const [line] = parser.codesIn(example!);
    if (line === undefined) continue;
    const into = new Accumulator();
    const bytes = new TextEncoder().encode(line);
    scanDatagram(Batch.of(bytes), 0, bytes.length, false, into);
    const rejected = { ...emptyTotals().rejected, [parser.codesIn(reason!)[0]!]: 1 };
    assert.deepEqual(totalsOf(into.take()).rejected, rejected, line);
  }
});

manualTest(PATH, "Input: each datagram has the accepted count and the rejections of its row", () => {
  const rows = parser.tableOf(MANUAL, "Input", "datagram");
  for (const { datagram, accepted, rejected } of rows) {
    const into = new Accumulator();
    const text = parser.codesIn(datagram!)[0]!.replaceAll("\\n", "\n");
    const bytes = new TextEncoder().encode(text);
    scanDatagram(Batch.of(bytes), 0, bytes.length, false, into);
    const totals = totalsOf(into.take());
    const reasons = Object.entries(totals.rejected).flatMap(([reason, count]) => Array(count).fill(reason));
    assert.deepEqual([String(totals.accepted), reasons], [accepted, parser.codesIn(rejected!)], text);
  }
});

manualTest(PATH, "every sample shown is what the aggregator writes, byte for byte", () => {
  const shown = parser.blocksOf(MANUAL).flatMap(({ lines }) => lines).filter((line) =>
    line.startsWith('{"time":')
  );
  assert.ok(shown.length > 0);
  for (const line of shown) {
    const { time, reason, from, message } = JSON.parse(line);
    const bytes = new TextEncoder().encode(message);
    const into = new Accumulator();
    scanDatagram(Batch.of(bytes), 0, bytes.length, false, into);
    const index = Object.keys(emptyTotals().rejected).indexOf(reason);
    assert.equal(into.rejected(index), 1, line);
    const refused = { reason: index, from, bytes, length: bytes.length };
    assert.equal(`${line}\n`, sampleLine(refused, Date.parse(time)));
  }
});

manualTest(PATH, "every record shown in any manual is what the aggregator writes, byte for byte", () => {
  const lines = MANUALS.map(manual).join("\n").split("\n").filter((line) =>
    line.startsWith('{"timestamp":') && !line.includes("instances")
  );
  assert.ok(lines.length >= 6);
  for (const line of lines) {
    const { timestamp, count_type, A1_sum, A2_max, A3_min, partial = false } = JSON.parse(line);
    const values = { sum: BigInt(A1_sum), max: BigInt(A2_max), min: BigInt(A3_min), partial };
    const window = { timestampSeconds: timestamp, lengthSeconds: parseInt(count_type), ...values };
    assert.equal(`${line}\n`, recordLine(window));
  }
});

manualTest(PATH, "The log: the table has exactly the events of the code, with their levels", async () => {
  const rows = parser.tableOf(MANUAL, "The log", "event");
  const shown = rows.map(({ event, level }) => `${parser.codesIn(event!)[0]} ${level}`);
  assert.deepEqual(shown.sort(), await eventsLogged("src/aggregator"));
}, { read: ["src"] });

manualTest(
  PATH,
  "The admin port: every address exists, and the row of /readyz has every reason",
  async () => {
    const source = await Deno.readTextFile("src/aggregator/admin/responder.ts");
    const rows = parser.tableOf(MANUAL, "The admin port", "address");
    for (const { address } of rows.slice(0, -1)) {
      assert.ok(source.includes(`"${parser.codesIn(address!)[0]}"`), address);
    }
    const health = await Deno.readTextFile("src/aggregator/admin/health.ts");
    const codes = [...health.matchAll(/code: "(\w+)"/g)].map(([, code]) => code!);
    const shown = parser.codesIn(rows.find(({ address }) => address === "`/readyz`")!.answer!);
    assert.deepEqual(shown.sort(), codes.sort());
  },
  { read: ["src/aggregator/admin"] },
);

manualTest(
  PATH,
  "Metrics: the table has exactly the metrics of the code, with their labels and help texts",
  () => {
    const { writer, reader } = boards();
    writer.closed([{ lengthSeconds: 10, timestampSeconds: 1060, sum: 1n, max: 1n, min: 1n }]);
    writer.report(REPORT, SAMPLE);
    const moment = { nowMs: 62_000, tickedMs: 61_900, reading: reader.now() };
    const families = aggregatorMetrics(moment, FACTS, { cpuSeconds: 1, residentBytes: 1 });
    const names = families.map(({ name }) => name);
    for (const code of parser.codesIn(MANUAL)) {
      if (/^sluice_\w+$/.test(code)) assert.ok(names.includes(code), `there is no metric ${code}`);
    }
    const rows = parser.tableOf(MANUAL, "Metrics", "metric");
    assert.deepEqual(
      rows.map(({ metric, labels, meaning }) => [parser.codesIn(metric!), parser.codesIn(labels!), meaning]),
      families.filter(({ name }) => name.startsWith("sluice_"))
        .map(({ name, samples, help }) => [[name], Object.keys(samples[0]?.labels ?? {}), help]),
    );
  },
);

manualTest(PATH, "Permissions: the paths of the C library are the paths that the service tries", () => {
  const paths = parser.codesIn(MANUAL).filter((code) => /^\/.*libc\.so/.test(code));
  assert.deepEqual(new Set(paths), new Set(LIBC_PATHS));
});
