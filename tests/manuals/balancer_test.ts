import assert from "node:assert/strict";
import { balancerFlags } from "../../src/balancer/config.ts";
import {
  composeWords,
  entrypointOf,
  eventsLogged,
  testFlags,
  testPermissions,
  wordsOfTask,
} from "../support/house/manual_tables.ts";
import { manual, manualTest } from "../support/house/manuals.ts";

const PATH = "src/balancer/README.md";

testFlags(PATH, "Flags of the balancer", balancerFlags({ cores: 2, stderrIsTerminal: true }));
testPermissions(PATH, "Permissions of the balancer", [
  ["`balancer`", wordsOfTask("balancer")],
  ["container", entrypointOf("balancer")],
  ["compose", composeWords("balancer")],
]);

manualTest(PATH, "every event of the log is there", async () => {
  for (const event of await eventsLogged("src/balancer")) {
    assert.ok(manual(PATH).includes(`\`${event.split(" ")[0]}\``), `the balancer logs ${event}`);
  }
}, { read: ["src"] });
