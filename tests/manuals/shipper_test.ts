import assert from "node:assert/strict";
import { load } from "js-yaml";
import { windowLine } from "../../src/fleet/windows.ts";
import { PostgresSql } from "../../src/shared/database/postgres.ts";
import { shipperFlags } from "../../src/shipper/config.ts";
import { families, newCounts } from "../../src/shipper/counts.ts";
import { useServer } from "../support/database/database.ts";
import { withDirectory } from "../support/disk/temporary_directory.ts";
import { parseCompose } from "../support/house/compose.ts";
import * as containers from "../support/house/house_containers.ts";
import {
  composeWords,
  entrypointOf,
  eventsLogged,
  testFlags,
  testPermissions,
  wordsOfTask,
} from "../support/house/manual_tables.ts";
import { manual, manualTest } from "../support/house/manuals.ts";
import * as parser from "../support/house/manual_parser.ts";
import { batchOf, beginningOf, fleetOn, recordLineOf as line } from "../support/messages/shipper_batches.ts";
import { linesOf } from "../support/processes/processes.ts";
import { SHIPPER_PERMISSIONS } from "../support/processes/shipper_process.ts";

const PATH = "src/shipper/README.md";
const MANUAL = manual(PATH);
const DOCKERFILE = await Deno.readTextFile("Dockerfile");
const UNIT = await Deno.readTextFile("src/operations/sluice-shipper@.service");
const server = useServer();

/** Returns the text of each block of a language under a heading, or in the whole manual. */
const blocks = (language: string, heading?: string): string[] =>
  parser.blocksOf(MANUAL)
    .filter((block) => block.language === language && (heading ?? block.section) === block.section)
    .map(({ lines }) => lines.join("\n"));

testFlags(PATH, "Flags of the shipper", shipperFlags({ stderrIsTerminal: true, hostname: "edge" }));
testPermissions(PATH, "Permissions of the shipper", [
  ["`ship`", wordsOfTask("ship")],
  ["container", entrypointOf("shipper")],
  ["compose", composeWords("shipper")],
]);

manualTest(PATH, "every window shown is what deno task fleet prints, byte for byte", () => {
  const lines = MANUAL.split("\n").filter((line) => /^\{"timestamp":.*"instances"/.test(line));
  assert.ok(lines.length >= 2);
  for (const line of lines) {
    const { timestamp: endSeconds, count_type: countType, A1_sum, A2_max, A3_min, instances } = JSON.parse(
      line,
    );
    const [sum, max, min] = [A1_sum, A2_max, A3_min].map(String) as [string, string, string];
    const none = { partialInstances: 0, missingInstances: 0, unaligned: 0 };
    assert.equal(line, windowLine({ endSeconds, countType, sum, max, min, instances, ...none }));
  }
});

manualTest(PATH, "Log events: the table has exactly the events of the code, with their levels", async () => {
  const rows = parser.tableOf(MANUAL, "Log events", "event");
  const shown = rows.map(({ event, level }) => `${parser.codesIn(event!)[0]} ${level}`);
  const logged = [...await eventsLogged("src/shipper"), ...await eventsLogged("src/shared/database")];
  assert.deepEqual(shown.sort(), logged.sort());
}, { read: ["src"] });

manualTest(PATH, "Metrics, Admin port: the tables have every metric, result and address", async () => {
  const made = families(newCounts(), { bytes: 0, seconds: 0 }, true);
  const rows = parser.tableOf(MANUAL, "Metrics", "metric `sluice_ship_…`");
  const shown = rows.map((row) => parser.codesIn(row["metric `sluice_ship_…`"]!)[0]!.replace(/\{.*/, ""));
  assert.deepEqual(shown.map((name) => `sluice_ship_${name}`), made.map(({ name }) => name));
  const results = parser.codesIn(rows[0]!["what it counts"]!).filter((code) => /^\w+$/.test(code));
  assert.deepEqual(
    results,
    made[0]!.samples.map(({ labels }) => labels!.result),
  );
  const source = await Deno.readTextFile("src/shipper/admin.ts");
  const addresses = parser.tableOf(MANUAL, "Admin port", "address");
  assert.deepEqual(
    addresses.map(({ address }) => parser.codesIn(address!)[0]!),
    ["/healthz", "/readyz", "/metrics"].filter((path) => source.includes(`"${path}"`)),
  );
}, { read: ["src/shipper"] });

manualTest(PATH, "Watch it: the table has every alert of the shipper, with the job shown", async () => {
  const file = load(await Deno.readTextFile("src/operations/alerts.yml")) as {
    groups: { name: string; rules: { alert: string; expr: string }[] }[];
  };
  const { rules } = file.groups.find(({ name }) => name === "sluice-shipper")!;
  const shown = parser.tableOf(MANUAL, "Watch it", "alert").map(({ alert }) => parser.codesIn(alert!)[0]);
  assert.deepEqual(shown, rules.map(({ alert }) => alert));
  const [scrape] = blocks("yaml", "Watch it").map((text) => load(text)) as {
    scrape_configs: { job_name: string }[];
  }[];
  assert.ok(rules[0]!.expr.includes(`job="${scrape!.scrape_configs[0]!.job_name}"`));
}, { read: ["src/operations"] });

manualTest(PATH, "edge.yml is locked down, and has the image's permissions plus the database host", () => {
  const [compose] = blocks("yaml", "Ship from a real edge in a container");
  const tree = new Map([["docker-compose.yml", compose!], ["Dockerfile", DOCKERFILE]]);
  const { lockedServices, pinnedImages, privatePorts, secretsFromOutside, watchedServices } = containers;
  for (const check of [lockedServices, pinnedImages, privatePorts, secretsFromOutside, watchedServices]) {
    assert.deepEqual(check(tree), []);
  }
  const withoutHost = parseCompose(compose!).shipper!.entrypoint!.map((word) =>
    word.replace(",db.example.net:5432", "")
  );
  assert.deepEqual(withoutHost, entrypointOf("shipper"));
});

/** The variables that a unit sets, by its `Environment=` lines. */
const environmentOf = (unit: string): Record<string, string> =>
  Object.fromEntries(
    [...unit.matchAll(/^Environment=(.*)$/gm)].flatMap(([, assignments]) => assignments!.split(" "))
      .map((assignment) => assignment.split("=", 2)),
  );

manualTest(PATH, "the unit's settings file has only variables that the unit or the shipper reads", () => {
  const known = Object.values(shipperFlags({ stderrIsTerminal: true, hostname: "" })).map(({ variable }) =>
    variable
  );
  const [settings] = blocks("ini", "Ship from a real edge with systemd");
  for (const [, name] of settings!.matchAll(/^(\w+)=/gm)) {
    assert.ok([...known, ...Object.keys(environmentOf(UNIT))].includes(name!), name);
  }
});

manualTest(
  PATH,
  "the unit's command line ships a record, with the unit's permissions and variables",
  () =>
    withDirectory(async (directory) => {
      await using database = await server.fresh();
      const url = database.databaseUrl!;
      await Deno.writeTextFile(`${directory}/database-url`, `${url}\n`);
      await Deno.writeTextFile(`${directory}/metrics.jsonl`, line({}));
      const resolve = (text: string) =>
        text.replaceAll("%d", directory).replaceAll("/var/lib/sluice", directory).replaceAll("%i", "metrics")
          .replaceAll("%H", "edge-1").replaceAll("${DATABASE_HOST}", new URL(url).host);
      const [, command] = /^ExecStart=(.*)$/m.exec(UNIT.replace(/\\\n\s*/g, ""))!;
      const [deno, ...args] = resolve(command!).split(" ");
      assert.equal(deno, "/usr/local/bin/deno");
      const { DENO_DIR: _, ...env } = environmentOf(resolve(UNIT));
      const process = new Deno.Command(Deno.execPath(), {
        args,
        env: { ...env, SLUICE_SHIP_ADMIN: "127.0.0.1:0" },
        stdin: "null",
        stdout: "null",
        stderr: "piped",
      }).spawn();
      const lines: string[] = [];
      for await (const line of linesOf(process.stderr)) {
        lines.push(line);
        if (line.includes('"database_up"')) process.kill("SIGTERM");
      }
      assert.equal((await process.status).code, 0, lines.join("\n"));
      assert.ok(!lines.some((line) => /"level":"(warn|error)"/.test(line)), lines.join("\n"));
      const rows = await database.sql.query("select instance, a1_sum::int from sluice.records");
      assert.deepEqual(rows, [{ instance: "edge-1", a1_sum: 1 }]);
    }),
  SHIPPER_PERMISSIONS,
);

/** The end of the first window. It is recent, because the statements of the manual show the last hour. */
const END = Math.floor(Date.now() / 60_000) * 60 - 60;

manualTest(PATH, "every SQL statement runs, and the repair of a conflict corrects the sums", async () => {
  await using database = await server.fresh();
  const { sql } = database;
  const fleetOf = (instance: string) => fleetOn(database, { instance, nowMs: () => Date.now() }).fleet;
  const ship = async (instance: string, file: string, text: string) => {
    const fleet = fleetOf(instance);
    await fleet.positions();
    await fleet.ship(batchOf(beginningOf(file), text));
    while (await fleet.roll());
  };
  const sums = () =>
    sql.query<{ end: number; sum: number; instances: number }>(
      `select extract(epoch from window_end)::int as end, a1_sum::int as sum, instances
       from sluice.fleet_windows where count_type = '10s' order by 1`,
    );
  // Two machines, a and b, ship as edge-1 by mistake. Both have a record of the first window: b ships first, so
  // the record of a is the conflict. Each also ships a window that the other does not have.
  await ship("edge-1", "b", line({ end: END, sum: 100 }) + line({ end: END + 10, sum: 200 }));
  await ship("edge-1", "a", line({ end: END, sum: 1 }) + line({ end: END + 20, sum: 3 }) + "no record\n");
  assert.deepEqual((await sums()).map(({ sum }) => sum), [100, 200, 3]);
  await ship("edge-2", "b", line({ end: END, sum: 100 }) + line({ end: END + 10, sum: 200 }));
  await sql.query('update sluice.instances set labels = \'{"region":"eu"}\'');

  const statements = blocks("sql").flatMap((text) => text.split(/;\n?/)).filter((text) => text.trim() !== "");
  assert.ok(statements.length >= 14);
  // Roles belong to the whole server, so each run uses its own names.
  const suffix = crypto.randomUUID().slice(0, 8);
  const found = new Map<string, unknown[]>();
  try {
    for (const statement of statements) {
      const own = statement.replace(
        /\b(role|owner|to|database) (sluice|dashboards|fleet)\b/g,
        `$1 $2_${suffix}`,
      );
      found.set(statement, await sql.query(own));
    }
    const rowsOf = (part: string) => [...found].find(([statement]) => statement.includes(part))![1];
    assert.equal(rowsOf("missing_instances").length, 3);
    assert.ok(rowsOf("sluice.conflicts\norder by").length > 0);
    assert.ok(rowsOf("sluice.rejected_lines").length > 0);
    assert.ok(rowsOf("from sluice.seen").length === 2);
    assert.deepEqual(rowsOf("drop_before"), [{ drop_before: 0 }]);
    while (await fleetOf("edge-1").roll());
    assert.deepEqual(await sums(), [
      { end: END, sum: 101, instances: 2 },
      { end: END + 10, sum: 200, instances: 1 },
      { end: END + 20, sum: 3, instances: 1 },
    ]);
    const url = new URL(database.databaseUrl!);
    [url.username, url.password] = [`dashboards_${suffix}`, "ANOTHER"];
    const dashboards = new PostgresSql(url.href);
    assert.equal((await dashboards.query("select * from sluice.fleet_windows")).length, 3);
    await assert.rejects(dashboards.query("delete from sluice.sums"), { code: "42501" });
    await dashboards.close();
  } finally {
    await sql.query(`drop database if exists fleet_${suffix}`);
    await sql.exec(`drop owned by dashboards_${suffix}; drop role dashboards_${suffix}, sluice_${suffix}`);
  }
}, SHIPPER_PERMISSIONS);
