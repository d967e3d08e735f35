import assert from "node:assert/strict";
import { useServer } from "../support/database/database.ts";
import { batchOf, beginningOf, fleetOn, recordLineOf as line } from "../support/messages/shipper_batches.ts";
import { linesOf } from "../support/processes/processes.ts";
import { SHIPPER_PERMISSIONS as permissions, wordsOf } from "../support/processes/shipper_process.ts";

const server = useServer();

/** The end of the last full minute, since only windows of the last day are shown. */
const END = Math.floor(Date.now() / 60_000) * 60 - 60;

function command(flags: readonly string[], databaseUrl: string): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: [...wordsOf("fleet"), ...flags],
    env: { DATABASE_URL: databaseUrl, NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

async function printed(flags: readonly string[], databaseUrl: string) {
  const { code, stdout, stderr } = await command(flags, databaseUrl).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trimEnd());
  return { code, lines: out === "" ? [] : out!.split("\n"), err };
}

Deno.test({
  name: "fleet: it prints the newest windows of all instances with all digits, and follows new ones",
  permissions,
  async fn() {
    await using database = await server.fresh();
    const url = database.databaseUrl!;
    assert.deepEqual(await printed([], url), { code: 0, lines: [], err: "" });
    const sum = 2n ** 70n;
    const fleets = ["one", "two"].map((instance) =>
      fleetOn(database, { instance, nowMs: () => Date.now() }).fleet
    );
    for (const fleet of fleets) {
      await fleet.positions();
      await fleet.ship(
        batchOf(beginningOf("a"), line({ end: END, sum }) + line({ end: END, seconds: 60, sum })),
      );
    }
    const of = (end: number, type: string, sum: bigint | number, instances: number, more = "") =>
      `{"timestamp":${end}, "count_type":"${type}", "A1_sum": ${sum}, "A2_max":2, "A3_min": 3, "instances":${instances}${more}}`;
    const both = [of(END, "10s", 2n * sum, 2), of(END, "60s", 2n * sum, 2)];
    assert.deepEqual((await printed([], url)).lines, both);
    assert.deepEqual((await printed(["--type", "60s"], url)).lines, both.slice(1));
    assert.deepEqual((await printed(["--limit", "1"], url)).lines, both.slice(1));
    assert.match((await printed(["--format", "table"], url)).lines[1]!, / 10s +2361183241434822606848 /);
    assert.equal((await printed(["--limit", "0"], url)).code, 2);

    const following = command(["--follow", "--type", "10s", "--wait", "0"], url).spawn();
    const lines = linesOf(following.stdout);
    const next = async () => (await lines.next()).value;
    assert.equal(await next(), both[0]);
    await fleets[0]!.ship(batchOf({ ...beginningOf("b") }, line({ end: END + 10 })));
    assert.equal(await next(), of(END + 10, "10s", 1, 1, ', "missing_instances":1'));
    await fleets[1]!.ship(batchOf({ ...beginningOf("b") }, line({ end: END + 10 })));
    assert.equal(await next(), of(END + 10, "10s", 2, 2));
    following.kill("SIGTERM");
    assert.equal((await following.status).code, 0);
    await following.stderr.cancel();
    for await (const line of lines) assert.fail(line);
  },
});
