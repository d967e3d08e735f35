import assert from "node:assert/strict";
import { renderMetrics } from "../../../src/shared/metrics/exposition.ts";
import { buildInfo, processMetrics } from "../../../src/shared/metrics/process_metrics.ts";

Deno.test({
  name: "process metrics: they have the standard names of client libraries, and unknown values are left out",
  permissions: "none",
  fn() {
    const text = renderMetrics(
      processMetrics({
        cpuSeconds: 1.5,
        residentBytes: 100,
        openDescriptors: null,
        maxDescriptors: null,
        startSeconds: 1000.25,
      }),
      "text",
    );
    assert.deepEqual(text.split("\n").filter((line) => /^[^#]/.test(line)), [
      "process_cpu_seconds_total 1.5",
      "process_resident_memory_bytes 100",
      "process_start_time_seconds 1000.25",
    ]);
    assert.match(
      renderMetrics([buildInfo("sluice_a", "0.1.0", "2.9.6")], "text"),
      /^sluice_a_build_info\{version="0\.1\.0",deno="2\.9\.6"\} 1$/m,
    );
  },
});
