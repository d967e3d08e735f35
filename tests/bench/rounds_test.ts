import assert from "node:assert/strict";
import { runRounds } from "./rounds.ts";

const named = (...names: string[]) => names.map((name) => ({ name }));

Deno.test({
  name:
    "bench rounds: contenders take turns, each run in another order, and a failure stops no other contender",
  permissions: "none",
  async fn() {
    const order: string[] = [];
    const progress: string[] = [];
    const { samples, failures } = await runRounds({
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
    assert.equal(order.join(" "), "xa xb xc ya yb yc xb xc xa yb yc ya");
    assert.deepEqual(
      samples.map(({ load, contender, run, figures }) => `${load}${contender}${run} ${figures["turn"]}`),
      ["xa1 1", "xa2 9", "xb1 2", "xb2 7", "xc1 3", "xc2 8", "ya1 4", "ya2 12", "yc1 6", "yc2 11"],
    );
    assert.deepEqual(
      failures,
      [1, 2].map((run) => ({ load: "y", contender: "b", run, reason: "it hung" })),
    );
    assert.deepEqual([progress[0], progress.at(-1)], ["0 of 12: run 1, x: a", "11 of 12: run 2, y: a"]);
  },
});
