import assert from "node:assert/strict";
import fc from "fast-check";
import type { Absence, Availability } from "../../../src/balancer/choose/availability.ts";
import { choose, destinationIn, reasonIn } from "../../../src/balancer/choose/choice.ts";
import { REASONS } from "../../../src/balancer/choose/reasons.ts";
import type { Cdn } from "../../../src/balancer/routes/route_options.ts";
import { type RouteSettings, shortForm } from "../../../src/balancer/routes/route_settings.ts";
import { routingTable } from "../../../src/balancer/choose/routing.ts";
import { findVideo } from "../../../src/balancer/redirect/target.ts";

const cdn = (name: string, weight: number, more: Partial<Cdn> = {}): Cdn => ({
  name,
  host: `${name}.example.net`,
  weight,
  ...more,
});

const CDNS = [cdn("a", 6), cdn("b", 3)];

function route(cdns: readonly Cdn[], more: Partial<RouteSettings> = {}) {
  return { cluster: "origin-cluster", cdns, ...shortForm(cdns), originWeight: 1, originPort: null, ...more };
}

type Absent = Record<string, Absence | "down" | "forced">;

function availability(absent: Absent, ...drained: string[]): Availability {
  const absences = Object.entries(absent).map(([name, how]): [string, Absence] => [
    name,
    how === "down"
      ? { share: 0, reason: "failover" }
      : how === "forced"
      ? { share: 0, reason: "forced" }
      : how,
  ]);
  return { absent: new Map(absences), drainedServers: new Set(drained) };
}

/** Counts how often each destination is chosen for each reason; a key is `a turn`. */
function choices(
  settings: ReturnType<typeof route>,
  away: Availability,
  turns: number,
  urlOf = (_turn: number) => "http://s1.origin-cluster/v/1.m3u8",
  msOf = (turn: number) => turn,
): Record<string, number> {
  const table = routingTable([settings], { availabilityOf: () => away });
  const counts: Record<string, number> = {};
  for (let turn = 0; turn < turns; turn++) {
    const url = urlOf(turn);
    const video = findVideo(url, table);
    assert.ok("target" in video, url);
    const choice = choose(video, true, () => msOf(turn));
    const { name } = video.target.destinations[destinationIn(choice)]!;
    const key = `${name} ${REASONS[reasonIn(choice)]}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

const NOBODY = availability({});

Deno.test({
  name: "choice: whole cycles are exact, also with a disabled CDN and with the origin alone",
  permissions: "none",
  fn() {
    const cases: [what: string, settings: ReturnType<typeof route>, Availability, Record<string, number>][] =
      [
        ["all there", route(CDNS), NOBODY, { "a turn": 600, "b turn": 300, "origin turn": 100 }],
        // A disabled CDN takes no turns, so nothing is moved by failover.
        ["a is switched off", route([cdn("a", 6, { enabled: false }), CDNS[1]!]), NOBODY, {
          "b turn": 750,
          "origin turn": 250,
        }],
        ["nothing but the origin", route([cdn("a", 0)]), NOBODY, { "origin turn": 1000 }],
      ];
    for (const [what, settings, away, expected] of cases) {
      assert.deepEqual(choices(settings, away, 1000), expected, what);
    }
  },
});

/** Sums the counts of each destination over all reasons. */
function destinations(counts: Record<string, number>): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [key, count] of Object.entries(counts)) {
    const [name] = key.split(" ") as [string];
    sums[name] = (sums[name] ?? 0) + count;
  }
  return sums;
}

Deno.test({
  name: "choice: the turns of an absent destination go to the others by weight, with the reason",
  permissions: "none",
  fn() {
    const cases: [Absent, expected: Record<string, number>, reason: string, moved: number][] = [
      [{ a: "down" }, { b: 750, origin: 250 }, "failover", 600],
      [{ a: "forced" }, { b: 750, origin: 250 }, "forced", 600],
      [{ origin: "down" }, { a: 667, b: 333 }, "failover", 100],
      [{ a: "down", b: "down" }, { origin: 1000 }, "failover", 900],
    ];
    for (const [absent, expected, reason, moved] of cases) {
      const counts = choices(route(CDNS), availability(absent), 1000);
      assert.deepEqual(destinations(counts), expected, JSON.stringify(absent));
      const told = Object.entries(counts).filter(([key]) => key.endsWith(` ${reason}`));
      assert.equal(told.reduce((sum, [, count]) => sum + count, 0), moved, JSON.stringify(counts));
    }
    const all = choices(route(CDNS), availability({ a: "down", b: "down", origin: "down" }), 1000);
    assert.deepEqual(all, { "a turn": 600, "b turn": 300, "origin turn": 100 });
    // A destination with weight 0 is used only when no other is left.
    const standby = route([cdn("a", 9), cdn("b", 0)], { originWeight: 0 });
    assert.deepEqual(destinations(choices(standby, availability({ a: "down" }), 10)), { origin: 10 });
    assert.deepEqual(destinations(choices(standby, availability({ a: "down", origin: "down" }), 10)), {
      b: 10,
    });
  },
});

Deno.test({
  name: "choice: a destination that comes back takes only a part of its share",
  permissions: "none",
  fn() {
    const back = availability({ a: { share: 0.5, reason: "failover" } });
    assert.deepEqual(choices(route(CDNS), back, 700), { "a turn": 300, "b turn": 300, "origin turn": 100 });
  },
});

Deno.test({
  name: "choice: with spread by path a video stays at its destination, and only videos of an absent one move",
  permissions: "none",
  fn() {
    const settings = route(CDNS, { spread: "path" });
    const places = (away: Availability) =>
      Array.from(
        { length: 300 },
        (_, i) =>
          Object.keys(choices(settings, away, 3, (turn) => `http://s1.origin-cluster/v/${i}/${turn}.ts`)),
      );
    const before = places(NOBODY);
    const after = places(availability({ a: "down" }));
    before.forEach((keys, i) => {
      assert.equal(keys.length, 1, "the files of a directory stay together");
      if (keys[0] === "a path") assert.match(after[i]!.join(), /^(b|origin) failover$/);
      else assert.deepEqual(after[i], keys);
    });
  },
});

Deno.test({
  name:
    "choice: requests beyond the origin's limit go to the CDNs by weight, and failover respects the limit",
  permissions: "none",
  fn() {
    const url = () => "http://s1.origin-cluster/v/1.m3u8";
    // 1,000 requests a second for 100 s. The origin's share is 100 a second, but its limit is 10 a second.
    const capped = choices(route(CDNS, { originRateMax: 10 }), NOBODY, 100_000, url);
    assert.ok(Math.abs(capped["origin turn"]! - 1000) <= 50, JSON.stringify(capped));
    const [a, b] = [capped["a origin-limit"]!, capped["b origin-limit"]!];
    assert.ok(Math.abs(a - 2 * b) <= 2 && a + b + capped["origin turn"]! === 10_000, JSON.stringify(capped));
    const failing = choices(
      route(CDNS, { originRateMax: 10 }),
      availability({ a: "down", b: "down" }),
      10_000,
      url,
    );
    assert.ok(destinations(failing)["origin"]! <= 105, JSON.stringify(failing));
  },
});

Deno.test({
  name: "choice: a drained server of the origin gets no requests, other servers do",
  permissions: "none",
  fn() {
    const drained = availability({}, "s3");
    const counts = choices(
      route(CDNS),
      drained,
      1000,
      (turn) => `http://${turn % 2 ? "s3" : "S3"}.origin-cluster/a`,
    );
    assert.deepEqual(destinations(counts), { a: 667, b: 333 });
    assert.equal(counts["a forced"]! + counts["b forced"]!, 100);
    assert.equal(choices(route(CDNS), drained, 1000)["origin turn"], 100);
    // There is no other destination.
    const only = route([cdn("a", 0)]);
    assert.deepEqual(choices(only, drained, 10, () => "http://s3.origin-cluster/a"), { "origin turn": 10 });
  },
});

Deno.test({
  name: "choice: without taking a turn, the next choice is shown and no state is changed",
  permissions: "none",
  fn() {
    const table = routingTable([route(CDNS, { originRateMax: 1 })]);
    fc.assert(fc.property(fc.array(fc.boolean(), { maxLength: 50 }), (takes) => {
      const video = findVideo("http://s1.origin-cluster/a", table);
      assert.ok("target" in video);
      for (const isTaken of takes) {
        const state = (): (bigint | number)[] => [...video.target.turns, ...video.target.cell];
        const before = state();
        const looked = choose(video, false, () => 0);
        assert.deepEqual(state(), before);
        if (isTaken) assert.equal(choose(video, true, () => 0), looked);
      }
    }));
  },
});
