/** What other programs read: checked here without them; monitoring_test.ts runs the real ones. */
import assert from "node:assert/strict";
import { load } from "js-yaml";
import { aggregatorMetrics } from "../../src/aggregator/admin/metrics.ts";
import { boards, FACTS, REPORT, SAMPLE } from "../support/http/admin_report.ts";

interface Rule {
  alert: string;
  expr: string;
  labels: { severity: string };
  annotations: { summary: string; runbook: string };
}

const read = (name: string) => Deno.readTextFile(`src/operations/${name}`);

/** The names of the metrics that expressions ask for. */
const metricsIn = (
  text: string,
): string[] => [
  ...new Set([...text.matchAll(/\b(sluice|process)_\w+/g)].map(([name]) => name.replace(/_bucket$/, ""))),
];

/** Every metric of the aggregator, of a service that knows everything. */
function exposed(): Set<string> {
  const { writer, reader } = boards();
  writer.closed([{ lengthSeconds: 10, timestampSeconds: 1060, sum: 1n, max: 5n, min: -5n }]);
  writer.report(REPORT, SAMPLE);
  const moment = { nowMs: 62_000, tickedMs: 61_900, reading: reader.now() };
  return new Set(
    aggregatorMetrics(moment, FACTS, { cpuSeconds: 1, residentBytes: 1 }).map(({ name }) => name),
  );
}

async function rules(): Promise<Rule[]> {
  const file = load(await read("alerts.yml")) as { groups: { rules: Rule[] }[] };
  return file.groups.flatMap((group) => group.rules);
}

Deno.test({
  name:
    "operations: each alert has a name of its own, a severity, a summary, and a runbook that says what to do",
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
  name: "operations: alerts and dashboards ask for metrics that the aggregator has",
  permissions: { read: ["src/operations"] },
  async fn() {
    const names = exposed();
    const texts = [...(await rules()).map(({ expr }) => expr), await read("grafana/aggregator.json")];
    const asked = texts.flatMap(metricsIn).filter((name) =>
      /^(sluice_(aggregator|window)|process)_/.test(name)
    );
    assert.ok(asked.length > 20);
    for (const name of asked) assert.ok(names.has(name), name);
  },
});

Deno.test({
  name: "operations: dashboards are whole, and no panel lies on another",
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
          assert.ok(!taken.has(at), `${title} lies on another at ${at}`);
          taken.add(at);
        }
      }
    }
  },
});

Deno.test({
  name: "operations: a service gets no more from its unit than it needs",
  permissions: { read: ["src/operations"] },
  async fn() {
    for (const service of ["aggregator", "balancer"]) {
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
