import assert from "node:assert/strict";
import fc from "fast-check";
import { type Patience, type Place, Places, type Stage } from "../../../src/shared/http/places.ts";

const PATIENCE: Patience = {
  fresh: 10,
  idle: 60,
  reading: 10,
  answering: Infinity,
  writing: 10,
  closing: 2,
};
const STAGES = Object.keys(PATIENCE) as Stage[];

interface Named extends Place {
  readonly name: number;
}

const named = (name: number): Named => ({
  name,
  stage: "fresh",
  sinceMs: 0,
  before: undefined,
  after: undefined,
});
const names = (places: readonly Named[]) => places.map(({ name }) => name);

Deno.test({
  name: "places: each stage has its own deadline",
  permissions: "none",
  fn() {
    const places = new Places<Named>(10, PATIENCE);
    STAGES.forEach((stage, name) => places.add(named(name), stage, name));
    assert.deepEqual(names(places.late(6)), []);
    assert.deepEqual(names(places.late(7)), [STAGES.indexOf("closing")]);
    assert.deepEqual(
      names(places.late(1e9)).sort(),
      [0, 1, 2, 3, 4, 5].filter((name) => STAGES[name] !== "answering"),
    );
  },
});

Deno.test({
  name:
    "places: a crowd of newcomers makes room first, then the longest waiting, and never one that is being answered",
  permissions: "none",
  fn() {
    const places = new Places<Named>(8, PATIENCE);
    const add = (name: number, stage: Stage) => {
      const place = named(name);
      places.add(place, stage, name);
      return place;
    };
    assert.equal(places.leastNeeded(), undefined);
    const slow = [add(1, "reading"), add(2, "answering"), add(3, "writing"), add(4, "closing")];
    assert.equal(places.leastNeeded(), undefined);
    for (const stage of ["reading", "writing", "closing"] as const) {
      for (const place of slow) places.move(place, stage, 4);
      // Four in eight places, more than a quarter, are a crowd: the longest waiting of them is least needed.
      assert.equal(places.leastNeeded()?.name, 1);
    }
    for (const place of slow) places.move(place, "answering", 4);
    assert.equal(places.leastNeeded(), undefined);
    const newcomer = add(5, "fresh");
    assert.equal(places.leastNeeded()?.name, 5);
    const viewer = add(6, "idle");
    // One newcomer in eight places is not a crowd, so the idle viewer is least needed.
    assert.equal(places.leastNeeded()?.name, 6);
    add(7, "fresh");
    add(8, "fresh");
    assert.equal(places.leastNeeded()?.name, 5);
    places.move(newcomer, "idle", 9);
    assert.equal(places.leastNeeded()?.name, 6);
    places.remove(viewer);
    assert.deepEqual([places.leastNeeded()?.name, places.size], [5, 7]);
  },
});

Deno.test({
  name: "places: after any additions, moves and removals, each queue has its members in order of entry",
  permissions: "none",
  fn() {
    const step = fc.record({
      kind: fc.constantFrom("add", "move", "remove"),
      stage: fc.constantFrom(...STAGES),
      which: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const places = new Places<Named>(100, PATIENCE);
        let model: { place: Named; stage: Stage; since: number }[] = [];
        steps.forEach(({ kind, stage, which }, now) => {
          const at = model[which % Math.max(model.length, 1)];
          if (kind === "add" || !at) {
            const place = named(now);
            places.add(place, stage, now);
            model.push({ place, stage, since: now });
          } else if (kind === "move") {
            places.move(at.place, stage, now);
            model = [...model.filter((other) => other !== at), { ...at, stage, since: now }];
          } else {
            places.remove(at.place);
            model = model.filter((other) => other !== at);
          }
        });
        assert.equal(places.size, model.length);
        for (const stage of STAGES) {
          const expected = model.filter((one) => one.stage === stage).map(({ place }) => place.name);
          assert.deepEqual(names(places.waitingSince(stage, Infinity)), expected);
          assert.equal(places.sizeOf(stage), expected.length);
        }
        const late = model.filter(({ stage, since }) => since <= 70 - PATIENCE[stage]);
        assert.deepEqual(names(places.late(70)).sort(), late.map(({ place }) => place.name).sort());
      }),
    );
  },
});
