import assert from "node:assert/strict";
import { embeddedDirectory, useServer } from "../support/database/database.ts";
import { NOON, recordLineOf as line } from "../support/messages/shipper_batches.ts";
import {
  SHIPPER_PERMISSIONS as permissions,
  ShipperProcess,
  until,
} from "../support/processes/shipper_process.ts";
import { withDirectory } from "../support/disk/temporary_directory.ts";

/** The longest time from the write of a line until the line is in the database. */
const LAG_MS_MAX = 500;

const server = useServer();

const append = (path: string, text: string) => Deno.writeTextFile(path, text, { append: true });

Deno.test({
  name:
    "ship: lines are in the database within 500 ms, even during a rotation; a second shipper is refused; SIGTERM stops it",
  permissions,
  fn: () =>
    withDirectory(async (directory) => {
      await using database = await server.fresh();
      const { sql, databaseUrl } = database;
      const file = `${directory}/m.jsonl`;
      await append(file, line({ end: NOON }));
      const flags = ["--file", file, "--instance", "one", "--labels", "region=eu", "--admin", "127.0.0.1:0"];
      await using shipper = await ShipperProcess.start(flags, databaseUrl);
      const rows = () =>
        sql.query<{ count: number }>("select count(*)::int from sluice.records").then(([row]) => row!.count);
      await shipper.event("database_up");
      const lagsMs: number[] = [];
      for (let i = 1; i <= 20; i++) {
        if (i === 10) await Deno.rename(file, `${file}.1`);
        await append(file, line({ end: NOON + i * 10 }));
        const begunMs = performance.now();
        await until("a row", rows, (count) => count === i + 1);
        lagsMs.push(performance.now() - begunMs);
      }
      lagsMs.sort((a, b) => a - b);
      console.log(
        `shipped after ${Math.round(lagsMs[10]!)} ms (median), ${Math.round(lagsMs.at(-1)!)} ms (most)`,
      );
      assert.ok(lagsMs[18]! < LAG_MS_MAX, String(lagsMs));

      const second = ShipperProcess.spawn(flags, databaseUrl);
      assert.equal(await second.ended(), 1);
      assert.match(second.lines.join("\n"), /Another shipper follows .*m\.jsonl: stop one of them/);

      const { admin } = await shipper.event("following");
      const metrics = await (await fetch(`http://${admin}/metrics`)).text();
      assert.match(metrics, /^sluice_ship_rows_total\{result="inserted"\} 21$/m);
      shipper.kill("SIGTERM");
      assert.equal(await shipper.ended(), 0);
      assert.equal(shipper.log.at(-1)!.event, "stopped");
      assert.ok(!shipper.log.some(({ level }) => level === "error"), shipper.lines.join("\n"));
    }),
});

Deno.test({
  name: "ship: without DATABASE_URL records go to the embedded database, and survive a restart",
  permissions,
  async fn() {
    const data = await embeddedDirectory("data/fleet");
    try {
      await withDirectory(async (directory) => {
        const file = `${directory}/m.jsonl`;
        await append(file, line({ end: NOON }) + line({ end: NOON + 10 }));
        const flags = ["--file", file, "--instance", "one", "--data", data];
        for (const rows of [2, 0, 1]) {
          if (rows === 1) await append(file, line({ end: NOON + 20 }));
          await using shipper = await ShipperProcess.start(flags);
          await shipper.event("database_up");
          shipper.kill("SIGINT");
          assert.equal(await shipper.ended(), 0);
          assert.equal(shipper.log.find(({ event }) => event === "stopped")!.rows, rows);
        }
      });
    } finally {
      await Deno.remove(data, { recursive: true });
    }
  },
});

Deno.test({
  name:
    "ship: it starts while the database is down, says so, and shows no password; wrong flags end the start",
  permissions,
  fn: () =>
    withDirectory(async (directory) => {
      await using shipper = await ShipperProcess.start(
        ["--file", `${directory}/m.jsonl`, "--instance", "a"],
        "postgres://u:secret@127.0.0.1:1/d",
      );
      await shipper.event("database_down");
      assert.ok(!shipper.lines.join("\n").includes("secret"));
      shipper.kill("SIGTERM");
      assert.equal(await shipper.ended(), 0);
      for (
        const [flags, url, code, said] of [
          [["--keep", "90"], "", 2, /give days, such as 90d/],
          [
            ["--file", `${directory}/none/m.jsonl`],
            "postgres://u@127.0.0.1:1/d",
            1,
            /Cannot follow a file in .*none/,
          ],
          [["--file", "/etc/m.jsonl"], "postgres://u@127.0.0.1:1/d", 1, /run with --allow-read=\/etc/],
          [[], "postgres://u@192.0.2.1:1/d", 1, /--allow-net=192\.0\.2\.1:1/],
        ] as const
      ) {
        const mistaken = ShipperProcess.spawn([...flags], url);
        assert.equal(await mistaken.ended(), code, mistaken.lines.join("\n"));
        assert.match(mistaken.lines.join("\n"), said);
      }
    }),
});
