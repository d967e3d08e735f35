import assert from "node:assert/strict";
import {
  createControl,
  type FromWorker,
  pulseOf,
  readsOf,
  signalStop,
  signalTick,
} from "../../../src/aggregator/worker_protocol.ts";
import { totalsOf } from "../../../src/aggregator/aggregate/partial.ts";
import { Batch, scanDatagram } from "../../../src/aggregator/parse/scanner.ts";
import { HandOver } from "../../../src/aggregator/receive/hand_over.ts";

Deno.test({
  name: "handOver: hands over at a tick what it has, labelled with the window it was read in",
  permissions: "none",
  fn() {
    const control = createControl(2);
    signalTick(control, 3);
    const said: [window: number, next: number, received: number][] = [];
    const handOver = new HandOver(control, 1, (message: FromWorker) => {
      if (message.kind !== "partial") assert.fail(`unexpected ${message.kind}`);
      said.push([message.window, message.next, totalsOf(message.buffer).received]);
    });
    const read = () => {
      handOver.note(1);
      scanDatagram(Batch.of(new TextEncoder().encode("{}")), 0, 2, false, handOver.into);
    };
    const steps: [name: string, act: () => void, goesOn: boolean, said: [number, number, number][]][] = [
      ["no tick: nothing is said", read, true, []],
      ["a tick within the window", () => signalTick(control, 3), true, [[3, 3, 1]]],
      ["a tick, and nothing to say", () => signalTick(control, 3), true, []],
      ["the window ends, and nothing to say: that it has gone on", () => signalTick(control, 4), true, [[
        3,
        4,
        0,
      ]]],
      ["two windows end at once", () => (read(), read(), signalTick(control, 6)), true, [[4, 6, 2]]],
      ["a stop", () => signalStop(control), false, []],
    ];
    for (const [name, act, goesOn, expected] of steps) {
      act();
      const pulse = control[pulseOf(1)]!;
      assert.equal(handOver.look(), goesOn, name);
      assert.deepEqual(said.splice(0), expected, name);
      assert.notEqual(control[pulseOf(1)], pulse, "it shows a pulse");
    }
    assert.equal(control[readsOf(1)], 3);
    assert.equal(control[readsOf(0)], 0, "words of others stay as they are");
  },
});
