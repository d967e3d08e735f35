import assert from "node:assert/strict";
import { keyOf, type Target } from "../../../src/balancer/health/checks.ts";
import type { Report } from "../../../src/balancer/health/presence.ts";
import { Prober, PROBES_MAX } from "../../../src/balancer/health/prober.ts";
import type { Outcome } from "../../../src/balancer/health/verdict.ts";
import { CHECK_DEFAULTS } from "../../../src/balancer/routes/route_options.ts";
import { SimulatedClock } from "../../support/clock/simulated_clock.ts";

const targetOf = (name: string): Target => ({ ...CHECK_DEFAULTS, url: `http://${name}/ping` });
const WELL: Outcome = { kind: "well" };
const ILL: Outcome = { kind: "ill", reason: "connection refused" };

/** Makes a prober on simulated time. Each of its probes takes 100 ms. */
function simulated(outcomeOf: (target: Target) => Outcome = () => WELL) {
  const clock = new SimulatedClock(0);
  const seen = { running: 0, most: 0, probes: [] as string[], told: new Map<string, Report[]>() };
  const prober = new Prober({
    clock,
    random: () => 0,
    probe: (target) => {
      seen.probes.push(target.url);
      seen.most = Math.max(seen.most, ++seen.running);
      return new Promise((resolve) =>
        clock.setTimer(() => {
          seen.running--;
          resolve(outcomeOf(target));
        }, 100)
      );
    },
    judged: (key, report) => seen.told.set(key, [...seen.told.get(key) ?? [], report]),
  });
  return { clock, prober, seen };
}

Deno.test({
  name: "prober: each target is probed at its interval, and every result renews its report",
  permissions: "none",
  async fn() {
    let outcome: Outcome = WELL;
    const { clock, prober, seen } = simulated(() => outcome);
    const target = targetOf("a");
    prober.follow([target, { ...target }]);
    await clock.pass(5000);
    assert.equal(seen.probes.length, 3);
    outcome = ILL;
    await clock.pass(1400);
    const up = { state: "up", reason: "" };
    const told = () => seen.told.get(keyOf(target));
    assert.deepEqual(told(), [up, up, up, up, { state: "down", reason: "connection refused" }]);
    prober.stop();
    await clock.pass(60_000);
    assert.equal(told()!.length, 5);
    assert.equal(seen.running, 0);
  },
});

Deno.test({
  name: "prober: at most fifty probes run at once, and every target is probed",
  permissions: "none",
  async fn() {
    const { clock, prober, seen } = simulated();
    const targets = Array.from({ length: 400 }, (_, at) => targetOf(`a${at}`));
    prober.follow(targets);
    await clock.pass(4000);
    assert.equal(seen.most, PROBES_MAX);
    const counts = targets.map(({ url }) => seen.probes.filter((probed) => probed === url).length);
    assert.ok(Math.min(...counts) >= 2, String(Math.min(...counts)));
    assert.equal(seen.told.size, targets.length);
    prober.stop();
    await clock.pass(1000);
  },
});

Deno.test({
  name: "prober: targets that stay keep their schedule, and nothing is reported of removed ones",
  permissions: "none",
  async fn() {
    const { clock, prober, seen } = simulated();
    const [a, b, c] = ["a", "b", "c"].map(targetOf);
    prober.follow([a!, b!]);
    await clock.pass(50);
    prober.follow([b!, c!]);
    await clock.pass(1900);
    assert.deepEqual(seen.probes, [a, b, c].map((target) => target!.url));
    assert.deepEqual([...seen.told.keys()], [b, c].map((target) => keyOf(target!)));
    await clock.pass(2000);
    assert.equal(seen.probes.length, 5);
    prober.stop();
    await clock.pass(1000);
  },
});
