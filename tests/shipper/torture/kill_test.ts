import assert from "node:assert/strict";
import { freshDatabase } from "../../support/database/database.ts";
import { DatabaseServer } from "../../support/database/database_server.ts";
import { between, FULL, sleep, times } from "../../support/processes/long_tests.ts";
import { NOON, recordLineOf } from "../../support/messages/shipper_batches.ts";
import { sendDatagrams, Service } from "../../support/processes/aggregator_process.ts";
import { SHIPPER_PERMISSIONS, ShipperProcess, until } from "../../support/processes/shipper_process.ts";
import { withDirectory } from "../../support/disk/temporary_directory.ts";

const KILLS = times(4, 50);
const RESTARTS = times(2, 20);
const ROTATIONS = times(3, 30);
/** The backlog when the first shipper starts: an hour of windows of 1 s. */
const WAITING = 3600;

const LOGROTATE = "/usr/sbin/logrotate";
/** How each file is rotated. copytruncate loses what is written between its copy and its truncation. */
const WAYS = {
  one: "create 0644\nrotate 1000",
  two: "nocreate\nrotate 1000\ndateext\ndateformat -%Y%m%d-%s",
  three: "copytruncate\nrotate 1000",
};
type Name = keyof typeof WAYS;
const NAMES = Object.keys(WAYS) as Name[];

Deno.test({
  name:
    `torture: ${KILLS} kills of shippers, ${RESTARTS} restarts of PostgreSQL and ${ROTATIONS} rotations lose and repeat no line`,
  permissions: { ...SHIPPER_PERMISSIONS, run: [...SHIPPER_PERMISSIONS.run, ...FULL ? [LOGROTATE] : []] },
  fn: () =>
    withDirectory(async (directory) => {
      await using server = await DatabaseServer.start();
      await using database = await freshDatabase((name) => server.url(name));
      await using machines = new AsyncDisposableStack();
      const fleet = await Promise.all(
        NAMES.map(async (name) =>
          machines.use(await Machine.start(name, `${directory}/${name}`, database.databaseUrl!))
        ),
      );
      const [killed] = fleet;
      const sending = { isOver: false };
      const sent = Promise.all(fleet.map((machine) => machine.send(sending)));
      const pick = () => fleet[Math.floor(Math.random() * fleet.length)]!;
      const acts = [
        ...Array.from({ length: KILLS }, () => () => pick().killShipper()),
        ...Array.from({ length: ROTATIONS }, (_, i) => () => fleet[i % fleet.length]!.rotate()),
        ...Array.from({ length: RESTARTS }, () => async () => {
          await server.stop();
          await sleep(between(100, 1500));
          await server.restart();
        }),
        () => killed!.killAggregator(),
      ];
      for (const act of shuffled(acts)) {
        await sleep(between(50, 600));
        await act();
      }
      sending.isOver = true;
      await sent;
      for (const machine of fleet) await machine.stopAggregator();
      for (const machine of fleet) await machine.compare(database.sql, machine === killed);
      const { sql } = database;
      const [fleetSum] = await sql.query<{ sum: string }>(
        "select sum(a1_sum)::text from sluice.fleet_windows where count_type = '1s'",
      );
      const [rowSum] = await sql.query<{ sum: string }>(
        "select sum(a1_sum)::text from sluice.records where count_type = '1s'",
      );
      assert.deepEqual(fleetSum, rowSum);
      assert.deepEqual(await sql.query("select * from sluice.conflicts"), []);
      assert.deepEqual(await sql.query("select * from sluice.rejected_lines"), []);
      console.log(fleet.map((machine) => machine.tale).join("\n"));
    }),
});

function shuffled<T>(items: readonly T[]): T[] {
  return items.map((item) => ({ item, at: Math.random() })).sort((a, b) => a.at - b.at).map(({ item }) =>
    item
  );
}

/** An aggregator with its file, and the shipper that follows the file. */
class Machine implements AsyncDisposable {
  tale = "";
  readonly #name: Name;
  readonly #directory: string;
  readonly #url: string;
  #aggregator!: Service;
  #shipper!: ShipperProcess;
  #sent = 0;
  #kills = 0;
  #rotations = 0;

  private constructor(name: Name, directory: string, url: string) {
    this.#name = name;
    this.#directory = directory;
    this.#url = url;
  }

  get #file(): string {
    return `${this.#directory}/m.jsonl`;
  }

  static async start(name: Name, directory: string, url: string): Promise<Machine> {
    const machine = new Machine(name, directory, url);
    await Deno.mkdir(directory);
    if (name === "one") {
      const lines = Array.from(
        { length: WAITING },
        (_, i) => recordLineOf({ end: NOON + i, seconds: 1, sum: 1 }),
      );
      await Deno.writeTextFile(machine.#file, lines.join(""));
      machine.#sent = WAITING;
    }
    await machine.#startAggregator();
    await machine.#startShipper();
    return machine;
  }

  /** Sends a message every 10 ms to the aggregator that runs at the time. */
  async send(sending: { isOver: boolean }): Promise<void> {
    for (let value = 1; !sending.isOver; value++) {
      const port = this.#aggregator.port;
      await sendDatagrams(port, [`{"A1":${value},"A2":${value},"A3":${value}}`]);
      this.#sent += value;
      await sleep(10);
    }
  }

  async killShipper(): Promise<void> {
    this.#kills++;
    this.#shipper.kill("SIGKILL");
    await this.#shipper.ended();
    await this.#startShipper();
  }

  async killAggregator(): Promise<void> {
    const before = this.#aggregator;
    await before.stop("SIGKILL");
    await this.#startAggregator();
  }

  async rotate(): Promise<void> {
    this.#rotations++;
    const file = this.#file;
    if (!FULL) {
      const to = `${file}.${this.#rotations}`;
      if (this.#name !== "three") return await Deno.rename(file, to).catch(() => {});
      await Deno.copyFile(file, to);
      return await Deno.truncate(file);
    }
    const path = `${this.#directory}/logrotate.conf`;
    await Deno.writeTextFile(
      path,
      `"${await Deno.realPath(this.#directory)}/m.jsonl" {\nmissingok\n${WAYS[this.#name]}\n}\n`,
    );
    const { code, stderr } = await new Deno.Command(LOGROTATE, {
      args: ["--force", "--state", `${this.#directory}/logrotate.state`, path],
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
  }

  async stopAggregator(): Promise<void> {
    assert.equal((await this.#aggregator.stop()).code, 0);
  }

  /** Compares the instance's rows in the database with its files, and with what was sent. */
  async compare(
    sql: { query<Row>(text: string, values: string[]): Promise<Row[]> },
    isKilled: boolean,
  ): Promise<void> {
    const lines = await this.#lines();
    const rowsOf = () =>
      sql.query<{ key: string }>(
        `select concat_ws(' ', extract(epoch from window_end)::bigint, count_type, a1_sum, a2_max, a3_min, partial) as key
         from sluice.records where instance = $1`,
        [this.#name],
      ).then((rows) => rows.map(({ key }) => key));
    const rows = await until(
      `every line of ${this.#name}`,
      rowsOf,
      (rows) => new Set(rows).isSupersetOf(lines),
    );
    assert.equal(new Set(rows).size, rows.length, "no row is stored twice");
    const sumOf = (keys: Iterable<string>) =>
      [...keys].filter((key) => key.split(" ")[1] === "1s").reduce(
        (sum, key) => sum + Number(key.split(" ")[2]),
        0,
      );
    if (this.#name !== "three") assert.deepEqual(new Set(rows), lines);
    if (!isKilled && this.#name !== "three") assert.equal(sumOf(rows), this.#sent);
    assert.ok(sumOf(rows) <= this.#sent);
    this.tale =
      `${this.#name}: ${rows.length} rows, ${lines.size} lines, ${this.#kills} kills, ${this.#rotations} rotations; ` +
      `sum ${sumOf(rows)} of ${this.#sent} sent`;
  }

  async #lines(): Promise<Set<string>> {
    const keys = new Set<string>();
    for await (const { name } of Deno.readDir(this.#directory)) {
      if (!/^m\.jsonl/.test(name) || name.includes("checkpoint")) continue;
      const text = await Deno.readTextFile(`${this.#directory}/${name}`);
      for (const line of text.split("\n").slice(0, -1)) {
        const { timestamp, count_type, A1_sum, A2_max, A3_min, partial } = JSON.parse(line);
        keys.add([timestamp, count_type, A1_sum, A2_max, A3_min, partial ? "t" : "f"].join(" "));
      }
    }
    return keys;
  }

  async #startAggregator(): Promise<void> {
    this.#aggregator = await Service.start("start:sandbox", [
      ...["--out", this.#file, "--windows", "1s,2s", "--align", "epoch", "--extra", "messages"],
      ...["--workers", "1", "--spare-workers", "0"],
    ]);
  }

  async #startShipper(): Promise<void> {
    this.#shipper = await ShipperProcess.start(["--file", this.#file, "--instance", this.#name], this.#url);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#shipper[Symbol.asyncDispose]();
    await this.#aggregator[Symbol.asyncDispose]();
  }
}
