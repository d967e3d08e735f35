import assert from "node:assert/strict";
import denoJson from "../../deno.json" with { type: "json" };
import { CHECK_DEFAULTS } from "../../src/balancer/routes/route_options.ts";
import { Answerer } from "../support/http/answerers.ts";
import { CLUSTER, SETTINGS } from "../support/simulated/balancer_in_process.ts";
import {
  BalancerProcess,
  DATABASE_DOWN,
  PROCESS_PERMISSIONS,
  TOKENS,
  writeSnapshot,
} from "../support/processes/balancer_process.ts";
import { until } from "../support/processes/long_tests.ts";
import { withDirectory } from "../support/disk/temporary_directory.ts";
import { runToEnd } from "../support/processes/aggregator_process.ts";

const TOKEN = "fedcba9876543210".repeat(2);

/** Starts the prober with the command line and permissions of its task. */
function spawn(url: string): Deno.ChildProcess {
  const words = denoJson.tasks.probe.command.split(" ").slice(1).map((word) => word.replaceAll("'", ""));
  return new Deno.Command(Deno.execPath(), {
    args: [...words, "--report-to", url, "--probe-private", "on"],
    env: { PROBE_TOKEN: TOKEN },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
}

Deno.test({
  name: "prober: a balancer that may not probe uses the prober's reports, until they expire",
  permissions: PROCESS_PERMISSIONS,
  fn: () =>
    withDirectory(async (directory) => {
      await using cdn = new Answerer();
      const check = { ...CHECK_DEFAULTS, path: "/ping", everyS: 0.5, timeoutS: 0.5 };
      await writeSnapshot(directory, [{
        cluster: CLUSTER,
        ...SETTINGS,
        cdns: [{ name: "a", host: `127.0.0.1:${cdn.port}`, weight: 1, check }],
        version: 1,
        updatedAt: "2026-11-21T22:00:00.000Z",
        updatedBy: "alice",
      }]);
      const env = { DATABASE_URL: DATABASE_DOWN, ADMIN_TOKENS: `${TOKENS},prober:${TOKEN}:health` };
      await using balancer = await BalancerProcess.start(directory, { env });
      const destination = async () => (await balancer.health(CLUSTER)).destinations[1];
      const untilItIs = (state: string) =>
        until(`it to be ${state}`, async () => (await destination()).state === state);
      await untilItIs("unchecked");
      assert.match(
        (await destination()).reason,
        /^127\.0\.0\.1 is a loopback address|run again with --allow-net=127/,
      );
      const prober = spawn(balancer.url);
      try {
        await untilItIs("up");
        cdn.stop();
        await untilItIs("down");
        await balancer.event("destination_down");
      } finally {
        prober.kill("SIGTERM");
      }
      const { code, stderr } = await prober.output();
      const text = new TextDecoder().decode(stderr);
      assert.equal(code, 0, text);
      assert.ok(text.includes('"probing"') && text.includes('"stopped"') && !text.includes(TOKEN), text);
      await untilItIs("unchecked");
      assert.equal((await destination()).share, 1);
    }),
});

Deno.test({
  name: "prober: without a token it exits with an error that says what to do",
  permissions: { run: [Deno.execPath()] },
  async fn() {
    const { code, stderr } = await runToEnd("probe", []);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /^error: PROBE_TOKEN is missing/);
  },
});
