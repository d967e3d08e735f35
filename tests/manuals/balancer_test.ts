import assert from "node:assert/strict";
import { AccessNotes } from "../../src/balancer/access_log/access_notes.ts";
import { choose, turnOfChoice } from "../../src/balancer/choose/choice.ts";
import { routingTable } from "../../src/balancer/choose/routing.ts";
import { balancerFlags } from "../../src/balancer/config.ts";
import { findVideo } from "../../src/balancer/redirect/target.ts";
import {
  composeWords,
  entrypointOf,
  eventsLogged,
  testFlags,
  testPermissions,
  wordsOfTask,
} from "../support/house/manual_tables.ts";
import { manual, manualTest } from "../support/house/manuals.ts";
import { blocksOf, codesIn, tableOf } from "../support/house/manual_parser.ts";

const PATH = "src/balancer/README.md";

testFlags(PATH, "Flags of the balancer", balancerFlags({ cores: 2, stderrIsTerminal: true }));
testPermissions(PATH, "Permissions of the balancer", [
  ["`balancer`", wordsOfTask("balancer")],
  ["container", entrypointOf("balancer")],
  ["compose", composeWords("balancer")],
]);

manualTest(PATH, "Log events: the table has exactly the events of the code, with their levels", async () => {
  const rows = tableOf(manual(PATH), "Log events", "event");
  const shown = rows.map(({ event, level }) => `${event!.replaceAll("`", "")} ${level}`);
  const logged = [...await eventsLogged("src/balancer"), ...await eventsLogged("src/shared/database")];
  assert.deepEqual(shown.sort(), logged.sort());
}, { read: ["src"] });

manualTest(PATH, "Metrics: the table has exactly the metrics of the code", async () => {
  const shown = tableOf(manual(PATH), "Metrics", "metric `sluice_balancer_…`")
    .flatMap((row) => codesIn(row["metric `sluice_balancer_…`"]!)).map((code) => code.replace(/\{.*/, ""));
  const source = await Deno.readTextFile("src/balancer/admin/metrics.ts");
  const made = [...source.matchAll(/\b(?:counter|gauge)\(\s*"(\w+)"|\bname: `\$\{PREFIX\}_(\w+)`/g)]
    .map(([, name, histogram]) => name ?? histogram!);
  assert.ok(made.length > 20);
  assert.deepEqual(shown.sort(), [...made, "build_info"].sort());
}, { read: ["src"] });

manualTest(PATH, "Log requests: the lines shown are what the balancer writes to the access log", () => {
  const [block] = blocksOf(manual(PATH)).filter(({ section, language }) =>
    section === "Log requests" && language === "json"
  );
  const [redirected, refused] = block!.lines.map((line) => JSON.parse(line));
  const lines: string[] = [];
  let time = redirected.time;
  const notes = new AccessNotes({
    sample: 1,
    handOver: (text) => lines.push(...text.trimEnd().split("\n")),
    clock: { wallMs: () => Date.parse(time), setTimer: () => () => {} },
  });
  const table = routingTable([
    {
      cluster: "origin-cluster",
      cdnHost: "cdn.example.net",
      cdnWeight: 9,
      originWeight: 1,
      originPort: null,
    },
  ]);
  const end = ({ bytes, us }: { bytes: number; us: number }) => {
    notes.answered(bytes);
    notes.handedOver(us / 1000);
  };
  const video = findVideo(`http://s1.origin-cluster${redirected.path}?token=1`, table);
  assert.ok("target" in video);
  notes.redirected(301, video, choose(video, true, () => 0), turnOfChoice);
  end(redirected);
  time = refused.time;
  const refusal = findVideo("http://s1.other-cluster/a.m3u8", table);
  assert.ok("reason" in refusal);
  notes.refused(refusal.status, refusal.reason, "/?video=http://s1.other-cluster/a.m3u8");
  end(refused);
  notes.flush();
  assert.deepEqual(lines, block!.lines);
});
