import assert from "node:assert/strict";
import { PositionMoved } from "../../src/shipper/destination.ts";
import { type Database, useBackends } from "../support/database/database.ts";
import {
  batchOf,
  beginningOf,
  fleetOn,
  NOON,
  recordLineOf as line,
} from "../support/messages/shipper_batches.ts";

const backends = useBackends();

function fleetTest(name: string, fn: (database: Database) => Promise<void>): void {
  for (const backend of backends) {
    Deno.test({
      name: `destination on ${backend.name}: ${name}`,
      permissions: backend.permissions,
      async fn() {
        await using database = await backend.fresh();
        await fn(database);
      },
    });
  }
}

const rowsOf = ({ sql }: Database, columns = "file_offset::int, a1_sum::text, part") =>
  sql.query<Record<string, unknown>>(
    `select ${columns} from sluice.records order by instance, file_identity, file_offset`,
  );

fleetTest("a batch is stored once with all digits, and so is its position", async (database) => {
  const { fleet, counts } = fleetOn(database, { labels: { region: "eu" } });
  assert.deepEqual(await fleet.positions(), new Map());
  const sum = 12345678901234567890123456789n;
  const text = line({ sum, min: -5 }) + "no record\n" +
    line({ seconds: 60, more: ', "partial":true, "messages":7' });
  const batch = batchOf(beginningOf("file"), text);
  await fleet.ship(batch);
  assert.deepEqual(await fleet.positions(), new Map([["file", batch.to]]));
  assert.deepEqual(counts(), [{ inserted: 2, repeated: 0, conflicts: 0, expired: 0 }]);
  assert.deepEqual(
    await rowsOf(
      database,
      `instance, count_type, extract(epoch from window_end)::int as end, window_seconds, a1_sum::text, a2_max::text,
        a3_min::text, partial, empty, messages::text, recovered, file_identity, file_offset::int`,
    ),
    [
      {
        instance: "one",
        count_type: "10s",
        end: NOON,
        window_seconds: 10,
        a1_sum: String(sum),
        a2_max: "2",
        a3_min: "-5",
        partial: false,
        empty: false,
        messages: null,
        recovered: false,
        file_identity: "file",
        file_offset: 0,
      },
      {
        instance: "one",
        count_type: "60s",
        end: NOON,
        window_seconds: 60,
        a1_sum: "1",
        a2_max: "2",
        a3_min: "3",
        partial: true,
        empty: false,
        messages: "7",
        recovered: false,
        file_identity: "file",
        file_offset: batch.records[1]!.offset,
      },
    ],
  );
  assert.deepEqual(await database.sql.query("select reason, line from sluice.rejected_lines"), [
    { reason: "syntax", line: "no record" },
  ]);
  assert.deepEqual(await database.sql.query("select instance, labels from sluice.instances"), [
    { instance: "one", labels: { region: "eu" } },
  ]);
});

fleetTest("a batch is accepted only at the stored position, and then completely", async (database) => {
  const { fleet } = fleetOn(database);
  await fleet.positions();
  const first = batchOf(beginningOf("file"), line({}));
  await fleet.ship(first);
  await assert.rejects(fleet.ship(first), PositionMoved);
  const second = batchOf(first.to, line({ end: NOON + 10 }));
  await fleet.ship(second);
  await assert.rejects(fleet.ship(batchOf(first.to, line({ end: NOON + 20 }))), PositionMoved);
  assert.equal((await rowsOf(database)).length, 2);
});

fleetTest(
  "a copy of a file adds nothing; a different row of another file for the same window is kept as a conflict",
  async (database) => {
    const { fleet, counts, shipped } = fleetOn(database);
    await fleet.positions();
    await fleet.ship(batchOf(beginningOf("file"), line({}) + line({ end: NOON + 10 })));
    await fleet.ship(
      batchOf(beginningOf("file~1"), line({}) + line({ end: NOON + 10 }) + line({ end: NOON + 20 })),
    );
    await fleet.ship(batchOf(beginningOf("other"), line({ sum: 9 }) + line({ end: NOON + 30 })));
    assert.deepEqual(counts().slice(1), [
      { inserted: 1, repeated: 2, conflicts: 0, expired: 0 },
      { inserted: 1, repeated: 0, conflicts: 1, expired: 0 },
    ]);
    assert.equal(shipped[2]!.firstConflict, 0);
    assert.equal((await rowsOf(database)).length, 4);
    assert.deepEqual(await database.sql.query("select file_identity, a1_sum::text from sluice.conflicts"), [
      { file_identity: "other", a1_sum: "9" },
    ]);
  },
);

fleetTest(
  "several rows of one file for the same window all count, in one batch or in two",
  async (database) => {
    const { fleet, counts } = fleetOn(database);
    await fleet.positions();
    const first = batchOf(beginningOf("file"), line({ sum: 1 }) + line({ sum: 1 }) + line({ sum: 2 }));
    await fleet.ship(first);
    await fleet.ship(batchOf(first.to, line({ sum: 3 })));
    assert.deepEqual(counts().map(({ inserted }) => inserted), [3, 1]);
    assert.deepEqual((await rowsOf(database, "a1_sum::int, part")).map((row) => Object.values(row)), [
      [1, 0],
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
    // The same rows again, from a copy of the file.
    await fleet.ship(batchOf(beginningOf("file~1"), [1, 1, 2, 3].map((sum) => line({ sum })).join("")));
    assert.deepEqual(counts().at(-1), { inserted: 0, repeated: 4, conflicts: 0, expired: 0 });
  },
);

fleetTest(
  "each day has a partition; old partitions are dropped, and old rows are skipped",
  async (database) => {
    const day = 86_400;
    const all = fleetOn(database);
    await all.fleet.positions();
    const text = [-100, -90, -89, -1, 0].map((days) => line({ end: NOON + days * day })).join("");
    await all.fleet.ship(batchOf(beginningOf("file"), text));
    const days = () =>
      database.sql.query<{ name: string }>(
        "select relname as name from pg_inherits join pg_class on oid = inhrelid where inhparent = 'sluice.records'::regclass order by 1",
      ).then((rows) => rows.map(({ name }) => name.replace("records_", "")));
    assert.deepEqual(await days(), ["20260813", "20260823", "20260824", "20261120", "20261121", "20261122"]);
    const { fleet, counts } = fleetOn(database, { keepDays: 90, instance: "two" });
    assert.equal(await fleet.expire(), 1);
    assert.deepEqual(await days(), ["20260823", "20260824", "20261120", "20261121", "20261122"]);
    await fleet.positions();
    await fleet.ship(batchOf(beginningOf("file"), text));
    assert.deepEqual(counts(), [{ inserted: 4, repeated: 0, conflicts: 0, expired: 1 }]);
    assert.equal(await fleet.expire(), 0);
  },
);

fleetTest(
  "an instance's name and a rejected line may contain quotes, backslashes and non-ASCII characters",
  async (database) => {
    const instance = "o'\\ne é";
    const { fleet } = fleetOn(database, { instance });
    await fleet.positions();
    const text = line({}) + "'\\ \0 \xe9 $1 {}\n";
    await fleet.ship(batchOf(beginningOf("file"), text));
    assert.deepEqual(await rowsOf(database, "instance"), [{ instance }]);
    const [rejected] = await database.sql.query<{ line: string }>("select line from sluice.rejected_lines");
    assert.match(rejected!.line, /^'\\ \\x00 /);
  },
);
