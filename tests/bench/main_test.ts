import assert from "node:assert/strict";
import { runToEnd } from "../support/processes/aggregator_process.ts";
import type { Outcome } from "./contest.ts";

const permissions = { run: [Deno.execPath()] };

Deno.test({
  name: "bench: the aggregator's benchmark works from end to end",
  permissions,
  async fn() {
    const contenders = ["sluice", "sluice-sandbox", "deno"];
    const flags = `--only aggregator --runs 1 --count 20000 --load 50k --contender ${contenders} --json`;
    const { code, stdout, stderr } = await runToEnd("bench", flags.split(" "));
    assert.equal(stderr, "");
    assert.equal(code, 0);
    const [outcome] = JSON.parse(stdout).contests as Outcome[];
    const { baseline, samples, summaries, failures, skipped } = outcome!;
    assert.deepEqual(failures, []);
    assert.deepEqual(skipped, []);
    assert.equal(baseline, "deno");
    assert.deepEqual(samples.map(({ contender }) => contender), contenders);
    for (const { figures } of samples) {
      const { cpuNs, loss, datagramsPerSecond, receivedPerSecond, residentBytesMax, processCpuMs } = figures;
      assert.ok(cpuNs! > 100 && cpuNs! < 1e6, `${cpuNs} ns a datagram`);
      assert.ok(loss! >= 0 && loss! < 1, `a loss of ${loss}`);
      assert.ok(datagramsPerSecond! > 1000 && datagramsPerSecond! <= 50_000, `${datagramsPerSecond}/s`);
      assert.ok(
        receivedPerSecond! > 0 && receivedPerSecond! <= datagramsPerSecond!,
        `${receivedPerSecond}/s`,
      );
      assert.ok(residentBytesMax! > 1e6, `${residentBytesMax} bytes`);
      assert.ok(processCpuMs! * 1e6 > cpuNs! * 20_000 * (1 - loss!), `${processCpuMs} ms in all`);
    }
    assert.deepEqual(summaries.at(-1)!.ratios["cpuNs"], { median: 1, min: 1, max: 1 });
  },
});

Deno.test({
  name: "bench: a wrong flag ends the benchmark before anything runs",
  permissions,
  async fn() {
    const { code, stdout, stderr } = await runToEnd("bench", ["--load", "flood"]);
    assert.equal(code, 2);
    assert.equal(stdout, "");
    assert.match(stderr, /^sluice bench: Cannot use "flood" for --load: give 50k, 200k, .*all\n$/);
  },
});
