import assert from "node:assert/strict";
import { playRounds } from "./rounds.ts";

const named = (...names: string[]) => names.map((name) => ({ name }));

Deno.test({
  name: "contenders take turns, in another order each run, and one that fails holds nobody up",
  permissions: "none",
  async fn() {
    const order: string[] = [];
    const progress: string[] = [];
    const { samples, failures } = await playRounds({
      contenders: named("a", "b", "c"),
      loads: named("x", "y"),
      runs: 2,
      measure(contender, load) {
        order.push(load.name + contender.name);
        if (load.name === "y" && contender.name === "b") return Promise.reject(new Error("it hung"));
        return Promise.resolve({ turn: order.length });
      },
      progress: (done, of, what) => void progress.push(`${done} of ${of}: ${what}`),
    });
    assert.equal(order.join(" "), "xa xb xc xb xc xa ya yb yc yb yc ya");
    assert.deepEqual(
      samples.map(({ load, contender, run, figures }) => `${load}${contender}${run} ${figures["turn"]}`),
      ["xa1 1", "xa2 6", "xb1 2", "xb2 4", "xc1 3", "xc2 5", "ya1 7", "ya2 12", "yc1 9", "yc2 11"],
    );
    assert.deepEqual(
      failures,
      [1, 2].map((run) => ({ load: "y", contender: "b", run, reason: "it hung" })),
    );
    assert.deepEqual([progress[0], progress.at(-1)], ["0 of 12: x, run 1: a", "11 of 12: y, run 2: a"]);
  },
});
