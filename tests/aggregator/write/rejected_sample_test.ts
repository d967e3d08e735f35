import assert from "node:assert/strict";
import { REASONS } from "../../../src/aggregator/aggregate/partial.ts";
import { RejectedSample, sampleLine } from "../../../src/aggregator/write/rejected_sample.ts";
import { Sink } from "../../../src/aggregator/write/sink.ts";
import { eventsOf, type LogEntry, logInto } from "../../support/recorded_log.ts";
import { SimulatedClock } from "../../support/clock/simulated_clock.ts";
import { SimulatedDisk } from "../../support/disk/simulated_disk.ts";

const PATH = "data/rejected.jsonl";
const SYNTAX = REASONS.indexOf("syntax");

function test(name: string, fn: () => void | Promise<void>): void {
  Deno.test({ name: `rejected sample: ${name}`, permissions: "none", fn });
}

const refused = (bytes: readonly number[], reason = SYNTAX) => ({
  reason,
  length: bytes.length,
  bytes: Uint8Array.from(bytes),
});
const textOf = (text: string) => [...new TextEncoder().encode(text)];

test("a line has time, reason, sender and message; every byte that is not printable ASCII is escaped", () => {
  const bytes = [...textOf('{"A1":\\\t'), 0, 0xff, ...textOf("é\u001b]0;\u2028~")];
  const line = sampleLine({ ...refused(bytes), length: 999, from: "[::1]:7" }, 1_000);
  assert.equal(
    line,
    '{"time":"1970-01-01T00:00:01.000Z","reason":"syntax","from":"[::1]:7","bytes":999,' +
      '"message":"{\\"A1\\":\\\\x5c\\\\x09\\\\x00\\\\xff\\\\xc3\\\\xa9\\\\x1b]0;\\\\xe2\\\\x80\\\\xa8~"}\n',
  );
  assert.match(line, /^[\x20-\x7e]*\n$/);
  assert.ok(!("from" in JSON.parse(sampleLine(refused([]), 0))));
});

async function open() {
  const clock = new SimulatedClock(1_000_000);
  const disk = new SimulatedDisk();
  const entries: LogEntry[] = [];
  const sink = new Sink({
    path: PATH,
    disk: disk.process(),
    clock,
    log: logInto(entries),
    recordsWaitingMax: 100,
  });
  await sink.open();
  const lines = () => disk.text(PATH).split("\n").slice(0, -1).map((line) => JSON.parse(line));
  return { clock, disk, sample: new RejectedSample(sink, clock), lines, events: () => eventsOf(entries) };
}

test("ten samples per reason and minute are written, however many workers post them", async () => {
  const { sample, lines } = await open();
  const flood = () => {
    for (let i = 0; i < 30; i++) {
      for (const reason of [0, SYNTAX]) sample.add(refused(textOf(`${i}`), reason));
    }
  };
  flood();
  sample.renew();
  flood();
  await sample.close();
  for (const reason of ["empty", "syntax"]) {
    const messages = lines().filter((line) => line.reason === reason).map(({ message }) => Number(message));
    assert.deepEqual(messages, [...Array(10).keys(), ...Array(10).keys()]);
  }
});

test("a failing file is retried every second and logged once", async () => {
  const { sample, clock, disk, lines, events } = await open();
  disk.fault = "Input/output error (os error 5)";
  sample.add(refused(textOf("x")));
  await clock.pass(3000);
  assert.deepEqual(events(), ["sink_failing"]);
  disk.fault = undefined;
  await clock.pass(1000);
  assert.deepEqual([lines().length, events()], [1, ["sink_failing", "sink_recovered"]]);
  await sample.close();
});
