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
  name: "hand over: at a tick the totals are posted, with the window in which they were read",
  permissions: "none",
  fn() {
    const control = createControl(2);
    signalTick(control, 3);
    const posted: [window: number, next: number, received: number][] = [];
    const handOver = new HandOver(control, 1, (message: FromWorker) => {
      if (message.kind !== "partial") assert.fail(`unexpected ${message.kind}`);
      posted.push([message.window, message.next, totalsOf(message.buffer).received]);
    });
    const read = () => {
      handOver.note(1);
      scanDatagram(Batch.of(new TextEncoder().encode("{}")), 0, 2, false, handOver.into);
    };
    const steps: [name: string, act: () => void, goesOn: boolean, posted: [number, number, number][]][] = [
      ["without a tick nothing is posted", read, true, []],
      ["a tick within the window", () => signalTick(control, 3), true, [[3, 3, 1]]],
      ["a tick without new datagrams", () => signalTick(control, 3), true, []],
      ["the window ends without datagrams: an empty partial is posted", () => signalTick(control, 4), true, [[
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
      assert.deepEqual(posted.splice(0), expected, name);
      assert.notEqual(control[pulseOf(1)], pulse, "every look changes the pulse");
    }
    assert.equal(control[readsOf(1)], 3);
    assert.equal(control[readsOf(0)], 0, "the words of other workers do not change");
  },
});
