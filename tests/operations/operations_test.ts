/** Checks the files of src/operations alone; monitoring_test.ts runs the programs that read them. */
import assert from "node:assert/strict";
import { load } from "js-yaml";
import { aggregatorMetrics } from "../../src/aggregator/admin/metrics.ts";
import { families, newCounts } from "../../src/shipper/counts.ts";
import { boards, FACTS, REPORT, SAMPLE } from "../support/http/admin_report.ts";

interface Rule {
  alert: string;
  expr: string;
  labels: { severity: string };
  annotations: { summary: string; runbook: string };
}

const read = (name: string) => Deno.readTextFile(`src/operations/${name}`);

/** Returns the names of the metrics in expressions. */
const metricsIn = (
  text: string,
): string[] => [
  ...new Set([...text.matchAll(/\b(sluice|process)_\w+/g)].map(([name]) => name.replace(/_bucket$/, ""))),
];

/** Returns the names of all metrics of the aggregator, with every value known, and of the shipper. */
function exposed(): Set<string> {
  const { writer, reader } = boards();
  writer.closed([{ lengthSeconds: 10, timestampSeconds: 1060, sum: 1n, max: 5n, min: -5n }]);
  writer.report(REPORT, SAMPLE);
  const moment = { nowMs: 62_000, tickedMs: 61_900, reading: reader.now() };
  const aggregator = aggregatorMetrics(moment, FACTS, { cpuSeconds: 1, residentBytes: 1 });
  const shipper = families(newCounts(), { bytes: 0, seconds: 0 }, true);
  return new Set([...aggregator, ...shipper].map(({ name }) => name));
}

async function rules(): Promise<Rule[]> {
  const file = load(await read("alerts.yml")) as { groups: { rules: Rule[] }[] };
  return file.groups.flatMap((group) => group.rules);
}

Deno.test({
  name: "operations: each alert has a unique name, a severity, a summary, and a runbook that says what to do",
  permissions: { read: ["src/operations"] },
  async fn() {
    const all = await rules();
    assert.equal(new Set(all.map(({ alert }) => alert)).size, all.length);
    for (const { alert, labels, annotations } of all) {
      assert.match(alert, /^Sluice[A-Z]\w+$/);
      assert.match(labels.severity, /^(page|ticket)$/, alert);
      assert.match(annotations.summary, /\{\{ \$labels\.instance \}\}/, alert);
      assert.match(annotations.runbook, /^[A-Z].{20,}\.$/, alert);
    }
  },
});

Deno.test({
  name: "operations: alerts and dashboards use only metrics that the aggregator and the shipper have",
  permissions: { read: ["src/operations"] },
  async fn() {
    const names = exposed();
    const texts = [
      ...(await rules()).flatMap(({ expr, annotations }) => [expr, annotations.runbook]),
      await read("grafana/aggregator.json"),
    ];
    const asked = texts.flatMap(metricsIn).filter((name) =>
      /^(sluice_(aggregator|window|ship)|process)_/.test(name)
    );
    assert.ok(asked.filter((name) => name.startsWith("sluice_ship_")).length >= 4);
    assert.ok(asked.length > 20);
    for (const name of asked) assert.ok(names.has(name), name);
  },
});

Deno.test({
  name: "operations: dashboards are complete, and no panel overlaps another",
  permissions: { read: ["src/operations"] },
  async fn() {
    for (const service of ["aggregator", "balancer"]) {
      const { uid, panels } = JSON.parse(await read(`grafana/${service}.json`));
      assert.equal(uid, `sluice-${service}`);
      const taken = new Set<string>();
      for (const { title, gridPos: { x, y, w, h }, targets, fieldConfig } of panels) {
        assert.ok(x + w <= 24 && targets.length > 0 && fieldConfig.defaults.unit, title);
        for (const { expr } of targets) assert.match(expr, /instance=~"\$instance"/, title);
        for (let cell = 0; cell < w * h; cell++) {
          const at = `${x + cell % w} ${y + Math.floor(cell / w)}`;
          assert.ok(!taken.has(at), `${title} overlaps another panel at ${at}`);
          taken.add(at);
        }
      }
    }
  },
});

Deno.test({
  name: "operations: each unit restricts its service to what the service needs",
  permissions: { read: ["src/operations"] },
  async fn() {
    for (const service of ["aggregator", "balancer", "shipper"]) {
      const unit = await read(`sluice-${service}@.service`);
      for (
        const line of [
          "CapabilityBoundingSet=",
          "NoNewPrivileges=yes",
          "ProtectSystem=strict",
          "ProtectClock=yes",
          "ProtectProc=invisible",
          "ProcSubset=pid",
          "PrivateUsers=yes",
          "RestrictNamespaces=yes",
          "SystemCallArchitectures=native",
          "SystemCallFilter=@system-service",
          "SystemCallFilter=~@privileged @resources",
          "UMask=0027",
        ]
      ) assert.ok(unit.includes(`\n${line}\n`), `${service}: ${line}`);
    }
  },
});
