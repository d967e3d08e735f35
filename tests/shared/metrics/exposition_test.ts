import assert from "node:assert/strict";
import fc from "fast-check";
import {
  CONTENT_TYPES,
  type Family,
  formatFor,
  renderMetrics,
} from "../../../src/shared/metrics/exposition.ts";

const FAMILIES: Family[] = [
  {
    name: "a_build_info",
    type: "info",
    help: "What\nruns",
    samples: [{ labels: { version: '1"\\\n' }, value: 1 }],
  },
  {
    name: "a_total",
    type: "counter",
    help: 'Says "x"',
    samples: [{ labels: { worker: "0" }, value: 9007199254740993n }, {
      labels: { worker: "1" },
      value: null,
    }],
  },
  { name: "a_gauge", type: "gauge", help: "Unknown", samples: [{ value: null }] },
  { name: "a_x_sum", type: "unknown", help: "A sum", samples: [{ value: -0.5 }] },
  {
    name: "a_seconds",
    type: "histogram",
    help: "Times",
    samples: [{ labels: { b: "c" }, value: { bounds: [0.1, 1], counts: [2, 0, 3], sum: 7.5 } }],
  },
];

Deno.test({
  name: "exposition: the text format is exact to the byte, and an unknown value has no line",
  permissions: "none",
  fn() {
    assert.equal(
      renderMetrics(FAMILIES, "text"),
      `# HELP a_build_info What\\nruns
# TYPE a_build_info gauge
a_build_info{version="1\\"\\\\\\n"} 1
# HELP a_total Says "x"
# TYPE a_total counter
a_total{worker="0"} 9007199254740993
# HELP a_x_sum A sum
# TYPE a_x_sum untyped
a_x_sum -0.5
# HELP a_seconds Times
# TYPE a_seconds histogram
a_seconds_bucket{b="c",le="0.1"} 2
a_seconds_bucket{b="c",le="1.0"} 2
a_seconds_bucket{b="c",le="+Inf"} 5
a_seconds_sum{b="c"} 7.5
a_seconds_count{b="c"} 5
`,
    );
  },
});

Deno.test({
  name: "exposition: OpenMetrics names families without their suffix, and ends with # EOF",
  permissions: "none",
  fn() {
    const text = renderMetrics(FAMILIES, "openmetrics");
    assert.match(text, /^# HELP a_build What\\nruns\n# TYPE a_build info\na_build_info\{/);
    assert.match(text, /^# HELP a Says \\"x\\"\n# TYPE a counter\na_total\{worker="0"\} /m);
    assert.match(text, /^# TYPE a_x_sum unknown$/m);
    assert.ok(text.endsWith('a_seconds_count{b="c"} 5\n# EOF\n'));
    assert.equal(renderMetrics([], "openmetrics"), "# EOF\n");
  },
});

Deno.test({
  name: "exposition: any label value or help text stays on one line",
  permissions: "none",
  fn() {
    fc.assert(fc.property(fc.string({ unit: "binary" }), fc.string(), (label, help) => {
      const family: Family = {
        name: "a",
        type: "gauge",
        help,
        samples: [{ labels: { b: label }, value: 1 }],
      };
      for (const format of ["text", "openmetrics"] as const) {
        const lines: string[] = renderMetrics([family], format).split("\n");
        assert.equal(lines.length, format === "text" ? 4 : 5);
        assert.match(lines[2]!, /^a\{b="(?:[^"\\]|\\["\\n])*"\} 1$/s);
      }
    }));
  },
});

/** The first two are what Prometheus 2 and 3 send by default. */
const ACCEPTS: [accept: string | undefined, format: "text" | "openmetrics"][] = [
  [
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    "openmetrics",
  ],
  [
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1",
    "openmetrics",
  ],
  ["text/plain;version=0.0.4;q=0.5,application/openmetrics-text;q=0.3", "text"],
  ["application/openmetrics-text;q=0", "text"],
  ["text/html,*/*;q=0.8", "text"],
  ["*/*", "text"],
  ["", "text"],
  [undefined, "text"],
];

Deno.test({
  name: "exposition: the field Accept decides the format",
  permissions: "none",
  fn() {
    for (const [accept, format] of ACCEPTS) assert.equal(formatFor(accept), format, accept);
    assert.deepEqual(Object.keys(CONTENT_TYPES), ["text", "openmetrics"]);
  },
});
