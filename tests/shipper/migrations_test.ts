import assert from "node:assert/strict";
import fc from "fast-check";
import { MIGRATIONS, migrationScript } from "../../src/shipper/migrations.ts";
import { type Database, useBackends } from "../support/database/database.ts";
import {
  batchOf,
  beginningOf,
  fleetOn,
  type LineOptions,
  NOON,
  recordLineOf as line,
} from "../support/messages/shipper_batches.ts";

const backends = useBackends();

function fleetTest(name: string, fn: (database: Database) => Promise<void>): void {
  for (const backend of backends) {
    Deno.test({
      name: `fleet on ${backend.name}: ${name}`,
      permissions: backend.permissions,
      async fn() {
        await using database = await backend.fresh();
        await fn(database);
      },
    });
  }
}

interface Window {
  count_type: string;
  end: number;
  instances: number;
  sum: string;
  max: string;
  min: string;
  partial_instances: number;
  missing: number;
  unaligned: number;
}

const windowsOf = ({ sql }: Database) =>
  sql.query<Window>(
    `select count_type, (extract(epoch from window_end) - ${NOON})::int as end, instances, a1_sum::text as sum,
       a2_max::text as max, a3_min::text as min, partial_instances, missing_instances as missing, unaligned
     from sluice.fleet_windows order by window_end, window_seconds`,
  );

/** Ships lines as an instance with these lines in its file does. */
async function ship(database: Database, instance: string, lines: readonly LineOptions[], file = instance) {
  const { fleet } = fleetOn(database, { instance });
  await fleet.positions();
  await fleet.ship(batchOf(beginningOf(file), lines.map(line).join("")));
  return fleet;
}

const zeros = { sum: 0, max: 0, min: 0 };

fleetTest(
  "a window of the fleet has the sum of sums, and the maximum and minimum of non-empty windows",
  async (database) => {
    await ship(database, "one", [{ sum: 2n ** 70n, max: 5, min: 4 }, { end: NOON + 10, ...zeros }]);
    await ship(database, "two", [{ sum: 7, max: -5, min: -6 }, {
      end: NOON + 10,
      ...zeros,
      more: ', "messages":2',
    }]);
    await ship(database, "three", [zeros, { end: NOON + 10, ...zeros }, { end: NOON + 20, ...zeros }]);
    const whole = { count_type: "10s", partial_instances: 0, unaligned: 0 };
    const expected = [
      { ...whole, end: 0, instances: 3, sum: String(2n ** 70n + 7n), max: "5", min: "-6", missing: 0 },
      { ...whole, end: 10, instances: 3, sum: "0", max: "0", min: "0", missing: 0 },
      { ...whole, end: 20, instances: 1, sum: "0", max: "0", min: "0", missing: 2 },
    ];
    assert.deepEqual(await windowsOf(database), expected);
    const { fleet } = fleetOn(database);
    assert.equal(await fleet.roll(), false);
    assert.deepEqual(await database.sql.query("select * from sluice.unsummed"), []);
    assert.deepEqual(await windowsOf(database), expected);
  },
);

fleetTest(
  "a partial row counts for the window that contains it, and unaligned rows are counted",
  async (database) => {
    await ship(database, "one", [
      { end: NOON + 3, sum: 1, more: ', "partial":true' },
      { end: NOON + 10, sum: 2 },
    ]);
    await ship(database, "two", [{ end: NOON + 7, sum: 4 }]);
    assert.deepEqual(await windowsOf(database), [
      {
        count_type: "10s",
        end: 10,
        instances: 2,
        sum: "7",
        max: "2",
        min: "3",
        partial_instances: 1,
        missing: 0,
        unaligned: 1,
      },
    ]);
  },
);

fleetTest(
  "an instance can be missing from its first window until an hour after its last one",
  async (database) => {
    await ship(database, "one", Array.from({ length: 7 }, (_, i) => ({ end: NOON + i * 1200, seconds: 60 })));
    await ship(database, "two", [{ end: NOON + 1200, seconds: 60 }, { end: NOON + 2400, seconds: 60 }]);
    assert.deepEqual((await windowsOf(database)).map(({ missing }) => missing), [0, 0, 0, 1, 1, 1, 0]);
  },
);

const record = fc.record({
  end: fc.integer({ min: 0, max: 40 }).map((tens) => NOON + tens * 10),
  sum: fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }),
  max: fc.integer({ min: -9, max: 9 }),
  min: fc.integer({ min: -9, max: 9 }),
});

fleetTest(
  "the view agrees with the records, whichever of them are summed already",
  async (database) => {
    let files = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.tuple(
            fc.constantFrom("a", "b", "c"),
            fc.array(record, { minLength: 1, maxLength: 8 }),
            fc.boolean(),
          ),
          {
            minLength: 1,
            maxLength: 5,
          },
        ),
        async (batches) => {
          for (const [instance, records, isRolled] of batches) {
            const fleet = await ship(database, instance, records, `file-${files++}`);
            if (isRolled) await fleet.roll();
          }
          const truth = await database.sql.query(
            `select (extract(epoch from grid_end) - ${NOON})::int as end, count(distinct instance)::int as instances,
             sum(a1_sum)::text as sum, coalesce(max(a2_max) filter (where not empty), 0)::text as max,
             coalesce(min(a3_min) filter (where not empty), 0)::text as min
           from sluice.records group by grid_end order by grid_end`,
          );
          const seen = (await windowsOf(database)).map(({ end, instances, sum, max, min }) => ({
            end,
            instances,
            sum,
            max,
            min,
          }));
          assert.deepEqual(seen, truth);
        },
      ),
      { numRuns: 10 },
    );
  },
);

fleetTest("of shippers that start at once on an empty database, only one migrates it", async (database) => {
  await Promise.all(
    ["one", "two", "three"].map((instance) => fleetOn(database, { instance }).fleet.positions()),
  );
  await database.sql.exec(migrationScript());
  assert.deepEqual(
    await database.sql.query("select number from sluice.migrations"),
    MIGRATIONS.map(({ number }) => ({ number })),
  );
});

fleetTest("shippers that need the partition of a day at the same moment all succeed", async (database) => {
  const fleets = Array.from({ length: 12 }, (_, i) => fleetOn(database, { instance: `i${i}` }).fleet);
  await Promise.all(fleets.map((fleet) => fleet.positions()));
  await Promise.all(
    fleets.map((fleet) =>
      fleet.ship(
        batchOf(beginningOf("a"), [0, 1, 2].map((day) => line({ end: NOON + day * 86_400 })).join("")),
      )
    ),
  );
  assert.deepEqual((await windowsOf(database)).map(({ instances }) => instances), [12, 12, 12]);
});
