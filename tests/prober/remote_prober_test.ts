import assert from "node:assert/strict";
import type { Outcome } from "../../src/balancer/health/verdict.ts";
import { READ_MS, RemoteProber } from "../../src/prober/remote_prober.ts";
import { eventsOf, type LogEntry, logInto } from "../support/recorded_log.ts";
import { SimulatedClock } from "../support/clock/simulated_clock.ts";

const CHECK = { every_s: 2, timeout_s: 1, down_after: 2, up_after: 3, expect: "200-399" };
const HEALTH = [
  { cluster: "a", destinations: [{ name: "cdn", check: { ...CHECK, url: "http://cdn/ping" } }] },
  { cluster: "b", destinations: [{ name: "edge", check: { ...CHECK, url: "http://cdn/ping" } }] },
];

/** Makes a prober for two balancers. The test can make each balancer unreachable. */
function prober() {
  const clock = new SimulatedClock(0);
  const log: LogEntry[] = [];
  const state = { down: new Set<string>(), outcome: { kind: "well" } as Outcome, probes: 0, health: HEALTH };
  const puts: string[] = [];
  const made = new RemoteProber({
    balancers: ["http://one", "http://two"],
    token: "secret",
    log: logInto(log),
    clock,
    random: () => 0,
    fetch: (url, { method, body }) => {
      const { origin, pathname } = new URL(url);
      if (state.down.has(origin)) return Promise.reject(new TypeError("connection refused"));
      if (method === "GET") return Promise.resolve(Response.json(state.health));
      puts.push(`${origin}${pathname.replace("/api/v1/health", "")} ${JSON.parse(String(body)).state}`);
      return Promise.resolve(new Response(null, { status: 204 }));
    },
    probe: () => {
      state.probes++;
      return Promise.resolve(state.outcome);
    },
  });
  return { clock, log, state, puts, made };
}

Deno.test({
  name:
    "prober: equal checks are probed once, and every balancer gets the result for all destinations with that check",
  permissions: "none",
  async fn() {
    const { clock, log, state, puts, made } = prober();
    await made.start();
    await clock.pass(100);
    assert.equal(state.probes, 1);
    const all = ["http://one/a/cdn", "http://two/a/cdn", "http://one/b/edge", "http://two/b/edge"];
    assert.deepEqual(puts.splice(0), all.map((path) => `${path} up`));
    state.outcome = { kind: "ill", reason: "status 503" };
    await clock.pass(2100);
    assert.deepEqual(puts.splice(0).slice(-4), all.map((path) => `${path} down`));
    state.health = [];
    await clock.pass(READ_MS);
    puts.splice(0);
    await clock.pass(10_000);
    assert.deepEqual([puts, eventsOf(log)], [[], []]);
    made.stop();
  },
});

Deno.test({
  name: "prober: a failing balancer is logged once, and so is its recovery",
  permissions: "none",
  async fn() {
    const { clock, log, state, puts, made } = prober();
    state.down.add("http://one").add("http://two");
    await made.start();
    await clock.pass(3 * READ_MS);
    assert.deepEqual(eventsOf(log), ["checks_unread"]);
    assert.match(
      String(log[0]!.reason),
      /^http:\/\/one: connection refused; http:\/\/two: connection refused$/,
    );
    state.down.delete("http://two");
    await clock.pass(3 * READ_MS);
    assert.ok(puts.length > 0 && puts.every((put) => put.startsWith("http://two/")));
    state.down.clear();
    await clock.pass(3 * READ_MS);
    assert.deepEqual(eventsOf(log), ["checks_unread", "checks_read", "report_failed", "report_recovered"]);
    assert.deepEqual([log[2]!.balancer, log[2]!.reason], ["http://one", "connection refused"]);
    made.stop();
    puts.splice(0);
    await clock.pass(60_000);
    assert.deepEqual(puts, []);
  },
});

Deno.test({
  name: "prober: a target that may not be probed is logged once, and reported as unchecked",
  permissions: "none",
  async fn() {
    const { clock, log, state, puts, made } = prober();
    state.outcome = { kind: "barred", reason: "run again with --allow-net=cdn:80" };
    await made.start();
    await clock.pass(10_000);
    assert.deepEqual(eventsOf(log), ["unchecked"]);
    assert.equal(log[0]!.reason, "run again with --allow-net=cdn:80");
    assert.ok(puts.every((put) => put.endsWith(" unchecked")));
    made.stop();
  },
});
