import assert from "node:assert/strict";
import { fleetFlags } from "../../src/fleet/config.ts";
import { windowLine } from "../../src/fleet/windows.ts";
import { shipperFlags } from "../../src/shipper/config.ts";
import {
  composeWords,
  entrypointOf,
  eventsLogged,
  testFlags,
  testPermissions,
  wordsOfTask,
} from "../support/house/manual_tables.ts";
import { manual, manualTest } from "../support/house/manuals.ts";

const PATH = "src/shipper/README.md";

testFlags(PATH, "Flags of the shipper", shipperFlags({ stderrIsTerminal: true, hostname: "edge" }));
testFlags(PATH, "Flags of the fleet", fleetFlags(true));
testPermissions(PATH, "Permissions of the shipper", [
  ["`ship`", wordsOfTask("ship")],
  ["container", entrypointOf("shipper")],
  ["compose", composeWords("shipper")],
]);

manualTest(
  PATH,
  "A fleet of two: every window shown is one that the fleet would print, byte for byte",
  () => {
    const lines = manual(PATH).split("\n").filter((line) => /^\{"timestamp":.*"instances"/.test(line));
    assert.ok(lines.length >= 2);
    for (const line of lines) {
      const { timestamp: endSeconds, count_type: countType, A1_sum, A2_max, A3_min, instances } = JSON.parse(
        line,
      );
      const [sum, max, min] = [A1_sum, A2_max, A3_min].map(String) as [string, string, string];
      const none = { partialInstances: 0, missingInstances: 0, unaligned: 0 };
      assert.equal(line, windowLine({ endSeconds, countType, sum, max, min, instances, ...none }));
    }
  },
);

manualTest(PATH, "every event of the log is there", async () => {
  for (const event of [...await eventsLogged("src/shipper"), ...await eventsLogged("src/shared/database")]) {
    assert.ok(manual(PATH).includes(`\`${event.split(" ")[0]}\``), `the shipper logs ${event}`);
  }
}, { read: ["src"] });
