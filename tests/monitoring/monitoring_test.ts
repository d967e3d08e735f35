/**
 * Tests the files of src/operations with the programs that read them. A real Prometheus scrapes for a minute.
 */
import assert from "node:assert/strict";
import { ROUTE } from "../support/http/admin_moment.ts";
import { ADMIN, adminUrl, metricsUntil, total } from "../support/http/admin_page.ts";
import { CLUSTER, watch } from "../support/simulated/balancer_in_process.ts";
import { BalancerProcess, DATABASE_DOWN, writeSnapshot } from "../support/processes/balancer_process.ts";
import { refuseAll } from "../support/http/refused.ts";
import { sendDatagrams, Service } from "../support/processes/aggregator_process.ts";
import { withDirectory } from "../support/disk/temporary_directory.ts";
import { Prometheus, run } from "./programs.ts";

const WATCHED_MS = 60_000;
const GOOD = '{"A1":1,"A2":2,"A3":3}';
const BATCH_MS = 250;
const BATCH = 100;

Deno.test("monitoring: promtool accepts the rules and the configuration", async () => {
  for (const args of [["rules", "src/operations/alerts.yml"], ["config", "src/operations/prometheus.yml"]]) {
    const { code, said } = await run("/usr/bin/promtool", ["check", ...args]);
    assert.equal(code, 0, said);
    assert.match(said, /SUCCESS/);
  }
});

Deno.test("monitoring: promtool check metrics finds nothing wrong with the aggregator's metrics", async () => {
  await using service = await Service.start("start", [...ADMIN, "--windows", "1s"]);
  await sendDatagrams(service.port, [GOOD, "x"]);
  await service.recordsUntil((records) => records.length > 1);
  const text = await (await fetch(`${await adminUrl(service)}/metrics`)).text();
  assert.deepEqual(await run("/usr/bin/promtool", ["check", "metrics"], text), { code: 0, said: "" });
  await service.stop();
});

Deno.test("monitoring: promtool check metrics finds nothing wrong with the balancer's metrics", () =>
  withDirectory(async (directory) => {
    const env = { DATABASE_URL: DATABASE_DOWN };
    await writeSnapshot(directory, [ROUTE]);
    await using service = await BalancerProcess.start(directory, { env });
    await watch(service.port, 100, 2);
    await refuseAll(service.port, 10);
    await metricsUntil(service.url, (metrics) => total(metrics, "sluice_balancer_answers_total") === 110);
    const text = await (await fetch(`${service.url}/metrics`)).text();
    assert.deepEqual(await run("/usr/bin/promtool", ["check", "metrics"], text), { code: 0, said: "" });
  }));

Deno.test("monitoring: over a minute, Prometheus sees the right rates and no alert", () =>
  withDirectory(async (directory) => {
    await using service = await Service.start("start", [...ADMIN, "--windows", "1s"]);
    const target = (await adminUrl(service)).replace("http://", "");
    await using balancer = await BalancerProcess.start(directory, { flags: ["--spare-workers", "1"] });
    await balancer.change("PUT", CLUSTER, { cdn_host: "cdn.example.net", cdn_weight: 9, origin_weight: 1 });
    await using prometheus = await Prometheus.start(directory, {
      "sluice-aggregator": target,
      "sluice-balancer": balancer.url.replace("http://", ""),
    });
    let sent = 0;
    let last = Promise.resolve<unknown>(undefined);
    const sending = setInterval(() => {
      sent += BATCH;
      last = Promise.all([
        sendDatagrams(service.port, new Array(BATCH).fill(GOOD)),
        watch(balancer.port, BATCH, 2),
      ]);
    }, BATCH_MS);
    await new Promise((resolve) => setTimeout(resolve, WATCHED_MS));
    clearInterval(sending);
    await last;
    const [rate] = await prometheus.query("sum(rate(sluice_aggregator_messages_accepted_total[30s]))");
    const expected = BATCH * 1000 / BATCH_MS;
    assert.ok(Math.abs(rate! / expected - 1) < 0.2, `${rate} of ${expected} a second`);
    const [lag] = await prometheus.query(
      "histogram_quantile(0.5, rate(sluice_aggregator_window_lag_seconds_bucket[30s]))",
    );
    assert.ok(lag! > 0 && lag! < 0.25, `${lag}`);
    const [redirects] = await prometheus.query("sum(rate(sluice_balancer_redirects_total[30s]))");
    assert.ok(Math.abs(redirects! / expected - 1) < 0.2, `${redirects} of ${expected} a second`);
    const [median] = await prometheus.query(
      "histogram_quantile(0.5, rate(sluice_balancer_redirect_seconds_bucket[30s]))",
    );
    assert.ok(median! > 0 && median! < 0.1, `${median}`);
    assert.deepEqual(await prometheus.query('up{job=~"sluice-.*"}'), [1, 1]);
    assert.deepEqual(await prometheus.ruleErrors(), []);
    assert.deepEqual(await prometheus.alerts(), []);
    const { totals } = await service.stop();
    assert.equal(totals.accepted, sent);
  }));

Deno.test("monitoring: the units get a low exposure score from systemd-analyze security", async () => {
  for (const service of ["aggregator", "balancer", "shipper"]) {
    const unit = `src/operations/sluice-${service}@.service`;
    const { code, said } = await run("/usr/bin/systemd-analyze", [
      "security",
      "--no-pager",
      "--offline=true",
      "--threshold=11", // Tenths: an exposure of 1.1 of 10.
      unit,
    ]);
    assert.equal(code, 0, said);
  }
});

/** Returns the system calls in a set of systemd, including those of the sets in it. */
async function systemCallsIn(set: string): Promise<Set<string>> {
  const { said } = await run("/usr/bin/systemd-analyze", ["syscall-filter", "--no-pager", set]);
  const lines = said.split("\n").slice(1).map((line) => line.trim()).filter((line) => /^[@\w-]+$/.test(line));
  const calls = new Set(lines.filter((line) => !line.startsWith("@")));
  for (const inner of lines.filter((line) => line.startsWith("@"))) {
    for (const call of await systemCallsIn(inner)) calls.add(call);
  }
  return calls;
}

/** Calls made only as root, as here: Deno's cache is in SQLite, which then changes the owner of its files. */
const AS_ROOT_ALONE = ["fchown"];

Deno.test("monitoring: the aggregator's unit allows each system call that it makes", async () => {
  const unit = await Deno.readTextFile("src/operations/sluice-aggregator@.service");
  const allowed = new Set(AS_ROOT_ALONE);
  for (const [, filter] of unit.matchAll(/^SystemCallFilter=(.*)$/gm)) {
    const isDenied = filter!.startsWith("~");
    for (const word of filter!.replace("~", "").split(" ")) {
      for (const call of word.startsWith("@") ? await systemCallsIn(word) : [word]) {
        if (isDenied) allowed.delete(call);
        else allowed.add(call);
      }
    }
  }
  await withDirectory(async (directory) => {
    const service = await Service.start("start", ADMIN);
    const trace = new Deno.Command("/usr/bin/strace", {
      args: ["-f", "-qq", "-o", `${directory}/trace`, "-p", String(service.pid)],
      stdin: "null",
      stderr: "null",
    }).spawn();
    await sendDatagrams(service.port, [GOOD]);
    await (await fetch(`${await adminUrl(service)}/metrics`)).text();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await service.stop();
    await trace.status;
    await service[Symbol.asyncDispose]();
    const made = [...(await Deno.readTextFile(`${directory}/trace`)).matchAll(/^\d+ +(\w+)\(/gm)].map((
      [, call],
    ) => call!);
    assert.ok(made.length > 100);
    assert.deepEqual(
      [...new Set(made)].filter((call) => !allowed.has(call) && !AS_ROOT_ALONE.includes(call)),
      [],
    );
  });
});
