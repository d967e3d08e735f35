import assert from "node:assert/strict";
import { fleetFlags } from "../../src/fleet/config.ts";
import { windowLine } from "../../src/fleet/windows.ts";
import { useServer } from "../support/database/database.ts";
import { testFlags, testPermissions, wordsOfTask } from "../support/house/manual_tables.ts";
import { manual, manualTest } from "../support/house/manuals.ts";
import * as parser from "../support/house/manual_parser.ts";
import { fleetOn } from "../support/messages/shipper_batches.ts";
import { SHIPPER_PERMISSIONS } from "../support/processes/shipper_process.ts";

const PATH = "src/fleet/README.md";
const MANUAL = manual(PATH);
const server = useServer();

testFlags(PATH, "Flags of the fleet", fleetFlags(true));
testPermissions(PATH, "Permissions of the fleet", [["`fleet`", wordsOfTask("fleet")]]);

manualTest(PATH, "Output: the line shown is what the command prints, and the table has its fields", () => {
  const [line] = MANUAL.split("\n").filter((line) => line.startsWith('{"timestamp":'));
  const { timestamp, count_type, A1_sum, A2_max, A3_min, ...counts } = JSON.parse(line!);
  const window = {
    endSeconds: timestamp,
    countType: count_type,
    sum: String(A1_sum),
    max: String(A2_max),
    min: String(A3_min),
    instances: counts.instances,
    partialInstances: counts.partial_instances ?? 0,
    missingInstances: counts.missing_instances ?? 0,
    unaligned: counts.unaligned ?? 0,
  };
  assert.equal(line, windowLine(window));
  const all = JSON.parse(windowLine({ ...window, partialInstances: 1, missingInstances: 1, unaligned: 1 }));
  const fields = parser.tableOf(MANUAL, "Output", "field").flatMap(({ field }) => parser.codesIn(field!));
  assert.deepEqual(fields, Object.keys(all).slice(5));
});

manualTest(PATH, "the table of columns has the view's columns, in its order and with its types", async () => {
  await using database = await server.fresh();
  await fleetOn(database).fleet.positions();
  const columns = await database.sql.query<{ name: string; type: string }>(
    `select attname::text as name, format_type(atttypid, atttypmod) as type from pg_attribute
     where attrelid = 'sluice.fleet_windows'::regclass and attnum > 0 order by attnum`,
  );
  const shown = parser.tableOf(MANUAL, "Columns of `sluice.fleet_windows`", "column").map((row) => ({
    name: parser.codesIn(row.column!)[0]!,
    type: parser.codesIn(row.type!)[0]!.replace("timestamptz", "timestamp with time zone"),
  }));
  assert.deepEqual(shown, columns);
}, SHIPPER_PERMISSIONS);
