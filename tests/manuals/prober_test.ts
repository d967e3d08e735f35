import assert from "node:assert/strict";
import { proberFlags } from "../../src/prober/config.ts";
import { parseCompose } from "../support/house/compose.ts";
import { lockedServices, secretsFromOutside, watchedServices } from "../support/house/house_containers.ts";
import { eventsLogged, testFlags, testPermissions, wordsOfTask } from "../support/house/manual_tables.ts";
import { manual, manualTest } from "../support/house/manuals.ts";
import * as parser from "../support/house/manual_parser.ts";

const PATH = "src/prober/README.md";
const DOCKERFILE = await Deno.readTextFile("Dockerfile");

testFlags(PATH, "Flags", proberFlags(true));
testPermissions(PATH, "Permissions", [["`probe`", wordsOfTask("probe")]]);

manualTest(PATH, "Log events: the table has exactly the events of the code, with their levels", async () => {
  const rows = parser.tableOf(manual(PATH), "Log events", "event");
  const shown = rows.map(({ event, level }) => `${event!.replaceAll("`", "")} ${level}`);
  assert.deepEqual(shown.sort(), await eventsLogged("src/prober"));
}, { read: ["src"] });

manualTest(PATH, "the service shown is locked down, and has the task's permissions plus other hosts", () => {
  const [block] = parser.blocksOf(manual(PATH)).filter(({ language }) => language === "yaml");
  const compose = block!.lines.join("\n");
  const tree = new Map([["docker-compose.yml", compose], ["Dockerfile", DOCKERFILE]]);
  const { prober } = parseCompose(compose);
  for (const check of [lockedServices, secretsFromOutside, watchedServices]) {
    const findings = check(tree).filter((finding) => finding.includes(": prober "));
    assert.deepEqual(findings, []);
  }
  const task = wordsOfTask("probe");
  for (const word of prober!.entrypoint!.slice(1)) {
    assert.ok(word.startsWith("--allow-net=") || word === "--cached-only" || task.includes(word), word);
  }
  assert.ok(prober!.entrypoint!.some((word) => word.startsWith("--allow-net=balancer:8081,")));
});
