import assert from "node:assert/strict";
import { SENDER_FLAGS } from "../../src/sender/config.ts";
import { Datagrams, MESSAGE_BYTES_MAX, perDatagramMax, SHAPES } from "../../src/sender/shapes.ts";
import { testFlags, testPermissions, wordsOfTask } from "../support/house/manual_tables.ts";
import { manual, manualTest } from "../support/house/manuals.ts";
import { codesIn, commandsIn, tableOf } from "../support/house/manual_parser.ts";

const PATH = "src/sender/README.md";

testFlags(PATH, "Flags", SENDER_FLAGS);
testPermissions(PATH, "Permissions", [["`send`", wordsOfTask("send")]]);

manualTest(PATH, "Output: the line shown has the table's fields and the sums of the messages", () => {
  const [shown] = commandsIn(manual(PATH)).filter(({ output }) => output.length > 0);
  assert.equal(shown!.command, "deno task send --count 1000");
  const { seconds, rate, ...sums } = JSON.parse(shown!.output[0]!);
  assert.equal(rate, Math.round(1000 / seconds));
  const fields = tableOf(manual(PATH), "Output", "field").flatMap(({ field }) => codesIn(field!));
  assert.deepEqual(fields, Object.keys(JSON.parse(shown!.output[0]!)));
  const datagrams = new Datagrams({ shape: "plain", seed: 1, perDatagram: 1, slots: 1000 });
  datagrams.fill(1000);
  const totals = { messages: 0, datagrams: 0, A1_sum: 0, A2_max: 0, A3_min: 0 };
  datagrams.addTo(totals, 0, 1000);
  const { messages: sent, ...expected } = totals;
  assert.deepEqual(sums, { sent, ...expected });
});

manualTest(PATH, "the table of shapes has every shape, and shows the longest plain message", () => {
  const rows = tableOf(manual(PATH), "Test a parser with unusual JSON", "shape");
  assert.deepEqual(rows.flatMap(({ shape }) => codesIn(shape!)), [...SHAPES]);
  const [plain] = codesIn(rows[0]!["what a message looks like"]!);
  assert.equal(plain!.length, MESSAGE_BYTES_MAX.plain);
  const most = Math.max(...SHAPES.map(perDatagramMax));
  assert.match(manual(PATH), new RegExp(`At most ${most} of the shortest ones fit into a\\s+datagram`));
});
