import assert from "node:assert/strict";
import { PostgresSql } from "../../../src/shared/database/postgres.ts";
import { freshDatabase } from "../../support/database/database.ts";
import { DatabaseServer } from "../../support/database/database_server.ts";
import { report, times } from "../../support/processes/long_tests.ts";
import {
  batchOf,
  beginningOf,
  fleetOn,
  recordLineOf as line,
} from "../../support/messages/shipper_batches.ts";

const INSTANCES = times(20, 1000);
/** Days with windows of 60 s; the last day has windows of 10 s, too. */
const DAYS = times(1, 30);
/** Windows that every instance ships at the same moment. */
const ROUNDS = times(2, 10);
/** The deadline of a statement. */
const ANSWER_MS = 600_000;

Deno.test({
  name:
    `torture: ${INSTANCES} instances with ${DAYS} days of records ship at once, and the view of the last hour is complete`,
  permissions: { run: ["/bin/sh"], net: ["127.0.0.1"] },
  async fn() {
    await using server = await DatabaseServer.start();
    await using database = await freshDatabase((name) => server.url(name));
    const sql = new PostgresSql(database.databaseUrl!, { answerMs: ANSWER_MS });
    const { fleet } = fleetOn({ sql }, { instance: "edge-0", nowMs: () => Date.now() });
    await fleet.positions();
    const rows = await fill(sql, end(Date.now()));
    const rolling = performance.now();
    while (await fleet.roll());
    console.log(`${rows} rows summed in ${((performance.now() - rolling) / 1000).toFixed(0)} s`);
    await sql.exec("analyze sluice.sums, sluice.seen, sluice.unsummed");
    await timeViews(sql, "all summed");
    const pools = Array.from(
      { length: times(4, 8) },
      () => new PostgresSql(database.databaseUrl!, { answerMs: ANSWER_MS }),
    );
    await shipAtOnce(pools);
    await Promise.all(pools.map((pool) => pool.close()));
    await timeViews(sql, "the last windows not summed yet");
    await sql.close();
  },
});

const end = (nowMs: number) => Math.floor(nowMs / 60_000) * 60 - 600;

/**
 * Makes the rows in the database itself, with the marks that batches would leave. Returns the number of rows.
 */
async function fill(sql: PostgresSql, endSeconds: number): Promise<number> {
  await sql.query(
    "select sluice.add_days(array(select d::date from generate_series(to_timestamp($1::bigint) - $2::int * interval '1 day', to_timestamp($1::bigint), '1 day') d))",
    [endSeconds, DAYS + 1],
  );
  const begunMs = performance.now();
  let rows = 0;
  for (let day = 0; day < DAYS; day++) {
    for (const seconds of day === 0 ? [60, 10] : [60]) {
      const [made] = await sql.query<{ count: number }>(
        `with made as (
           insert into sluice.records (instance, count_type, window_end, window_seconds, a1_sum, a2_max, a3_min, file_identity, file_offset, grid_end)
           select 'edge-' || i, $3::text || 's', to_timestamp(t), $3::int, 510031 + i, 65329, 8, 'f' || i, t * 100 + $3::int, to_timestamp(t)
           from generate_series($1::bigint - 86400 + $3::int, $1::bigint, $3::int) t, generate_series(0, $2::int - 1) i
           returning 1
         ) select count(*)::int as count from made`,
        [endSeconds - day * 86_400, INSTANCES, seconds],
      );
      rows += made!.count;
    }
  }
  await sql.query(
    `insert into sluice.unsummed (low, high) select to_timestamp(t), to_timestamp(t + 3600)
     from generate_series(($1::bigint - $2::int * 86400) / 3600 * 3600, $1::bigint, 3600) t`,
    [endSeconds, DAYS],
  );
  await sql.query(
    `insert into sluice.seen select 'edge-' || i, s, to_timestamp($1::bigint - $3::int * 86400), to_timestamp($1::bigint)
     from generate_series(0, $2::int - 1) i, (values (10), (60)) as l(s)`,
    [endSeconds, INSTANCES, DAYS],
  );
  console.log(`${rows} rows made in ${((performance.now() - begunMs) / 1000).toFixed(0)} s`);
  return rows;
}

async function timeViews(sql: PostgresSql, state: string): Promise<void> {
  for (const where of ["count_type = '60s'", "true"]) {
    const timesMs: number[] = [];
    let windows = 0;
    for (let i = 0; i < 20; i++) {
      const begunMs = performance.now();
      const found = await sql.query<{ instances: number }>(
        `select * from sluice.fleet_windows where window_end > now() - interval '1 hour' and ${where}`,
      );
      timesMs.push(performance.now() - begunMs);
      windows = found.length;
      assert.ok(found.every(({ instances }) => instances === INSTANCES));
    }
    report(`the last hour where ${where}, ${state} (${windows} windows)`, timesMs, "ms");
  }
}

/** In each round every instance ships two windows of 10 s, all at once, over the connections of the pools. */
async function shipAtOnce(pools: readonly PostgresSql[]): Promise<void> {
  const fleets = Array.from(
    { length: INSTANCES },
    (_, i) =>
      fleetOn({ sql: pools[i % pools.length]! }, { instance: `edge-${i}`, nowMs: () => Date.now() }).fleet,
  );
  for (const fleet of fleets) await fleet.positions();
  const positions = fleets.map((_, i) => beginningOf(`live-${i}`));
  const start = end(Date.now());
  const latenciesMs: number[] = [];
  const begunMs = performance.now();
  for (let round = 1; round <= ROUNDS; round++) {
    const text = line({ end: start + round * 20 - 10 }) + line({ end: start + round * 20 });
    const roundMs = performance.now();
    await Promise.all(fleets.map(async (fleet, i) => {
      const batch = batchOf(positions[i]!, text);
      await fleet.ship(batch);
      positions[i] = batch.to;
      latenciesMs.push(performance.now() - roundMs);
    }));
  }
  const seconds = (performance.now() - begunMs) / 1000;
  report(`from a line to its commit, of ${INSTANCES} instances at once`, latenciesMs, "ms");
  console.log(`${Math.round(2 * INSTANCES * ROUNDS / seconds)} rows/s in batches of two`);
  const [row] = await pools[0]!.query<{ count: number }>(
    "select count(*)::int from sluice.records where file_identity like 'live-%'",
  );
  assert.equal(row!.count, 2 * INSTANCES * ROUNDS);
}
