import assert from "node:assert/strict";
import { keyOf, type Target } from "../../../src/balancer/health/checks.ts";
import { HealthBoard } from "../../../src/balancer/health/health_board.ts";
import type { Override } from "../../../src/balancer/routes/override.ts";
import { type Check, CHECK_DEFAULTS } from "../../../src/balancer/routes/route_options.ts";
import type { Route } from "../../../src/balancer/choose/routing.ts";
import { CLUSTER, SETTINGS } from "../../support/simulated/balancer_in_process.ts";
import { eventsOf, type LogEntry, logInto } from "../../support/recorded_log.ts";
import { SimulatedClock } from "../../support/clock/simulated_clock.ts";

const CHECK: Check = { ...CHECK_DEFAULTS, path: "/ping" };
const ROUTE: Route = {
  cluster: CLUSTER,
  ...SETTINGS,
  cdns: [
    { name: "a", host: "a.example.net", weight: 6, check: CHECK },
    { name: "b", host: "b.example.net", weight: 3, check: CHECK },
  ],
  originCheck: CHECK,
  version: 1,
  updatedAt: "2026-11-21T22:00:00.000Z",
  updatedBy: "alice",
};
const UP = { state: "up", reason: "" } as const;
const DOWN = { state: "down", reason: "status 503" } as const;
const BEGUN_MS = Date.UTC(2026, 10, 21);

const overrideOf = (name: string, state: Override["state"], leftMs = 60_000): Override => ({
  cluster: CLUSTER,
  name,
  state,
  by: "alice",
  since: "2026-11-21T22:00:00.000Z",
  expiresAt: "2026-11-21T23:00:00.000Z",
  leftMs,
});

function boardOf(routes: readonly Route[] = [ROUTE]) {
  const clock = new SimulatedClock(BEGUN_MS);
  const log: LogEntry[] = [];
  const board = new HealthBoard({ clock, log: logInto(log) });
  const told = { changes: 0 };
  board.onChange = () => void told.changes++;
  board.follow(routes);
  /** Returns each destination that has not its full share, with share and reason, and each drained server. */
  const absent = () => {
    const { absent = new Map(), drainedServers = new Set() } = board.availabilityOf(CLUSTER) ?? {};
    return [
      ...[...absent].map(([name, { share, reason }]) => `${name} ${share} ${reason}`),
      ...[...drainedServers].map((server) => `server ${server}`),
    ];
  };
  const reportAll = (report: typeof UP | typeof DOWN) => {
    for (const name of ["origin", "a", "b"]) assert.ok(board.report(CLUSTER, name, report));
  };
  return { clock, log, board, told, absent, reportAll };
}

Deno.test({
  name:
    "health board: a destination that is down is absent at once, logged once, and comes back step by step",
  permissions: "none",
  async fn() {
    const { clock, log, board, told, absent, reportAll } = boardOf();
    assert.equal(board.availabilityOf(CLUSTER), undefined);
    reportAll(UP);
    await clock.pass(1000);
    assert.equal(told.changes, 0);
    board.report(CLUSTER, "a", DOWN);
    assert.deepEqual(absent(), ["a 0 failover"]);
    await clock.pass(0);
    assert.equal(told.changes, 1);
    const availability = board.availabilityOf(CLUSTER);
    reportAll(UP);
    board.report(CLUSTER, "a", DOWN);
    assert.notEqual(board.availabilityOf(CLUSTER), availability);
    await clock.pass(0);
    const before = told.changes;
    for (let ms = 0; ms <= 12_000; ms += 1000) {
      reportAll(UP);
      await clock.pass(1000);
    }
    assert.deepEqual(absent(), []);
    assert.equal(board.availabilityOf(CLUSTER), undefined);
    assert.equal(told.changes - before, 10);
    assert.deepEqual(eventsOf(log), [
      "destination_down",
      "destination_up",
      "destination_down",
      "destination_up",
    ]);
    assert.deepEqual([log[0]!.cluster, log[0]!.name, log[0]!.reason], [CLUSTER, "a", "status 503"]);
    board.stop();
  },
});

Deno.test({
  name: "health board: it logs when everything is down, and an expired report counts as up",
  permissions: "none",
  async fn() {
    const { clock, log, board, absent, reportAll } = boardOf();
    reportAll(DOWN);
    assert.deepEqual(absent(), ["origin 0 failover", "a 0 failover", "b 0 failover"]);
    assert.deepEqual(eventsOf(log), [...Array(3).fill("destination_down"), "everything_down"]);
    await clock.pass(6900);
    assert.equal(absent().length, 3);
    await clock.pass(350);
    assert.deepEqual(absent(), []);
    assert.deepEqual(board.view()[0]!.destinations.map(({ state }) => state), [
      "unknown",
      "unknown",
      "unknown",
    ]);
    board.stop();
  },
});

Deno.test({
  name: "health board: an override takes precedence over health, and expires",
  permissions: "none",
  async fn() {
    const { clock, log, board, absent, reportAll } = boardOf();
    reportAll(UP);
    board.report(CLUSTER, "b", DOWN);
    board.override([
      overrideOf("a", "drain", 1000),
      overrideOf("b", "up", 2000),
      overrideOf("server:s3", "drain", 3000),
      { ...overrideOf("cdn", "down"), cluster: "unknown" },
    ]);
    assert.deepEqual(absent(), ["a 0 forced", "server s3"]);
    const [view] = board.view(CLUSTER);
    assert.deepEqual(view!.destinations.map(({ state, share }) => [state, share]), [["up", 1], ["up", 0], [
      "down",
      1,
    ]]);
    assert.deepEqual(view!.servers.map(({ name }) => name), ["server:s3"]);
    await clock.pass(1250);
    assert.deepEqual(absent(), ["server s3"]);
    await clock.pass(1000);
    assert.deepEqual(absent(), ["b 0 failover", "server s3"]);
    await clock.pass(1000);
    assert.deepEqual(absent(), ["b 0 failover"]);
    assert.deepEqual(log.map(({ event, name, reason }) => [event, name, reason]), [
      ["destination_down", "b", "status 503"],
      ["destination_down", "a", "alice: drain until 2026-11-21T23:00:00.000Z"],
      ["destination_up", "b", "alice: up until 2026-11-21T23:00:00.000Z"],
      ["destination_up", "a", "up"],
      ["destination_down", "b", "status 503"],
    ]);
    board.stop();
  },
});

Deno.test({
  name: "health board: the view shows every destination with its state, since when, and its check",
  permissions: "none",
  async fn() {
    const { clock, board } = boardOf([ROUTE, {
      ...ROUTE,
      cluster: "another",
      cdns: ROUTE.cdns!.slice(0, 1),
    }]);
    await clock.pass(5000);
    board.report(CLUSTER, "a", DOWN);
    assert.deepEqual(board.view().map(({ cluster }) => cluster), ["another", CLUSTER]);
    assert.deepEqual(board.view("gone"), []);
    const [, view] = board.view();
    assert.deepEqual(view!.destinations.map(({ name }) => name), ["origin", "a", "b"]);
    const { target, ...rest } = view!.destinations[1]!;
    assert.deepEqual(rest, {
      name: "a",
      ...DOWN,
      since: "2026-11-21T00:00:05.000Z",
      share: 0,
      override: undefined,
    });
    assert.equal(target!.url, "http://a.example.net/ping");
    const { originCheck: _, ...unchecked } = ROUTE;
    board.follow([unchecked]);
    const [origin] = board.view(CLUSTER)[0]!.destinations;
    assert.deepEqual([origin!.state, origin!.since, origin!.reason], ["unchecked", null, "it has no check"]);
    assert.ok(!board.report(CLUSTER, "origin", DOWN));
    assert.ok(!board.report(CLUSTER, "gone", DOWN));
    assert.ok(!board.report("gone", "origin", DOWN));
    board.stop();
  },
});

Deno.test({
  name: "health board: states survive a change of the route, except where the check has changed",
  permissions: "none",
  async fn() {
    const { clock, board, absent, told, reportAll } = boardOf();
    reportAll(DOWN);
    await clock.pass(0);
    const [a, b] = ROUTE.cdns!;
    const before = board.availabilityOf(CLUSTER);
    board.follow([{ ...ROUTE, version: 2 }]);
    assert.equal(board.availabilityOf(CLUSTER), before);
    const otherCheck = { ...b!, check: { ...CHECK, path: "/other" } };
    board.follow([{ ...ROUTE, version: 3, cdns: [a!, otherCheck] }]);
    assert.deepEqual(absent(), ["origin 0 failover", "a 0 failover"]);
    board.follow([{ ...ROUTE, version: 4, cdns: [{ ...a!, name: "c" }, otherCheck] }]);
    assert.deepEqual(absent(), ["origin 0 failover"]);
    board.follow([]);
    assert.equal(board.availabilityOf(CLUSTER), undefined);
    await clock.pass(60_000);
    assert.equal(told.changes, 2);
    board.stop();
  },
});

Deno.test({
  name:
    "health board: the prober gets each check once, and a result holds for every destination with that check",
  permissions: "none",
  fn() {
    const log: LogEntry[] = [];
    const board = new HealthBoard({ clock: new SimulatedClock(BEGUN_MS), log: logInto(log) });
    const given: (readonly Target[])[] = [];
    board.probeBy({ follow: (targets) => void given.push([...targets]), stop: () => void given.push([]) });
    board.follow([ROUTE, { ...ROUTE, cluster: "another", cdns: ROUTE.cdns!.slice(0, 1) }]);
    const urls = given[0]!.map(({ url }) => url);
    assert.deepEqual(urls, [
      "http://origin-cluster/ping",
      "http://a.example.net/ping",
      "http://b.example.net/ping",
      "http://another/ping",
    ]);
    board.judged(keyOf(given[0]![1]!), DOWN);
    board.judged("gone", DOWN);
    const down = [CLUSTER, "another"].map((cluster) => [...board.availabilityOf(cluster)!.absent.keys()]);
    assert.deepEqual(down, [["a"], ["a"]]);
    board.stop();
    assert.deepEqual(given.at(-1), []);
  },
});

Deno.test({
  name: "health board: only clusters with checks or overrides are noted, and each change is counted",
  permissions: "none",
  fn() {
    const { originCheck: _, cdns: __, ...unchecked } = ROUTE;
    const routes = [ROUTE, { ...unchecked, cluster: "unchecked" }, { ...unchecked, cluster: "forced" }];
    const { board, reportAll } = boardOf(routes);
    assert.deepEqual(board.noted().map(({ cluster }) => cluster), [CLUSTER]);
    board.override([{ ...overrideOf("cdn", "down"), cluster: "forced" }]);
    assert.deepEqual(board.noted(), [...board.view("forced"), ...board.view(CLUSTER)]);
    reportAll(UP);
    board.report(CLUSTER, "a", DOWN);
    assert.deepEqual(board.changes, { down: 2, up: 0 });
    board.report(CLUSTER, "a", UP);
    assert.deepEqual(board.changes, { down: 2, up: 1 });
    board.stop();
  },
});
