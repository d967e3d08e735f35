import assert from "node:assert/strict";
import { aggregatorFlags } from "../../src/aggregator/config.ts";
import { Accumulator, emptyTotals, totalsOf } from "../../src/aggregator/aggregate/partial.ts";
import { Batch, scanDatagram } from "../../src/aggregator/parse/scanner.ts";
import { recordLine } from "../../src/aggregator/write/record.ts";
import { LIBC_PATHS } from "../../src/shared/libc.ts";
import {
  entrypointOf,
  eventsLogged,
  testFlags,
  testPermissions,
  wordsOfTask,
} from "../support/house/manual_tables.ts";
import { manual, MANUALS, manualTest } from "../support/house/manuals.ts";
import * as readme from "../support/house/readme.ts";

const PATH = "src/aggregator/README.md";
const MANUAL = manual(PATH);

testFlags(PATH, "Flags", aggregatorFlags({ cores: 2, stderrIsTerminal: true }));
testPermissions(PATH, "Permissions", [
  ["`start`", wordsOfTask("start")],
  ["`start:sandbox`", wordsOfTask("start:sandbox")],
  ["container", entrypointOf("aggregator")],
]);

manualTest(PATH, "Input: each example is rejected for the reason it stands beside", () => {
  const rows = readme.tableOf(MANUAL, "Input", "reason");
  assert.deepEqual(rows.map(({ reason }) => readme.codesIn(reason!)[0]), Object.keys(emptyTotals().rejected));
  for (const { reason, example } of rows) {
    const [line] = readme.codesIn(example!);
    if (line === undefined) continue;
    const into = new Accumulator();
    const bytes = new TextEncoder().encode(line);
    scanDatagram(Batch.of(bytes), 0, bytes.length, false, into);
    const rejected = { ...emptyTotals().rejected, [readme.codesIn(reason!)[0]!]: 1 };
    assert.deepEqual(totalsOf(into.take()).rejected, rejected, line);
  }
});

manualTest(PATH, "Input: each datagram comes to what is said of it", () => {
  const rows = readme.tableOf(MANUAL, "Input", "datagram");
  for (const { datagram, accepted, rejected } of rows) {
    const into = new Accumulator();
    const text = readme.codesIn(datagram!)[0]!.replaceAll("\\n", "\n");
    const bytes = new TextEncoder().encode(text);
    scanDatagram(Batch.of(bytes), 0, bytes.length, false, into);
    const totals = totalsOf(into.take());
    const reasons = Object.entries(totals.rejected).flatMap(([reason, count]) => Array(count).fill(reason));
    assert.deepEqual([String(totals.accepted), reasons], [accepted, readme.codesIn(rejected!)], text);
  }
});

manualTest(PATH, "The file: every record shown is one that the aggregator would write, byte for byte", () => {
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

manualTest(PATH, "The log: every event is there, and no other", async () => {
  const rows = readme.tableOf(MANUAL, "The log", "event");
  const shown = rows.map(({ event, level }) => `${readme.codesIn(event!)[0]} ${level}`);
  assert.deepEqual(shown.sort(), await eventsLogged("src/aggregator"));
}, { read: ["src"] });

manualTest(
  PATH,
  "Watching it: the addresses, the reasons and the metrics are those that there are",
  async () => {
    const source = await Deno.readTextFile("src/aggregator/admin/responder.ts");
    const rows = readme.tableOf(MANUAL, "Watching it", "address");
    for (const { address } of rows.slice(0, -1)) {
      assert.ok(source.includes(`"${readme.codesIn(address!)[0]}"`), address);
    }
    const health = await Deno.readTextFile("src/aggregator/admin/health.ts");
    const codes = [...health.matchAll(/code: "(\w+)"/g)].map(([, code]) => code!);
    const shown = readme.codesIn(rows.find(({ address }) => address === "`/readyz`")!.answer!);
    assert.deepEqual(shown.sort(), codes.sort());
    const metrics = await Deno.readTextFile("src/aggregator/admin/metrics.ts");
    const names = readme.codesIn(MANUAL).flatMap((code) =>
      /^sluice_(?:aggregator|window)_(\w+)/.exec(code)?.[1] ?? []
    );
    assert.ok(names.length >= 5);
    for (const name of names) assert.match(metrics, new RegExp(`\\b(PREFIX\\}_)?${name}["\`]`), name);
  },
  { read: ["src/aggregator/admin"] },
);

manualTest(PATH, "the C library's paths are those that are looked for", () => {
  const paths = readme.codesIn(MANUAL).filter((code) => /^\/.*libc\.so/.test(code));
  assert.deepEqual(new Set(paths), new Set(LIBC_PATHS));
});
