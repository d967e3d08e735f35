import assert from "node:assert/strict";
import { usageOfProcess } from "../../../src/shared/process/process_usage.ts";

Deno.test({
  name: "process usage: CPU time and memory need no permission",
  permissions: "none",
  fn() {
    const { cpuSeconds, residentBytes } = usageOfProcess();
    assert.ok(Number(cpuSeconds) > 0.01);
    assert.ok(Number(residentBytes) > 10_000_000);
    const until = performance.now() + 30;
    while (performance.now() < until);
    const spent = Number(usageOfProcess().cpuSeconds) - Number(cpuSeconds);
    assert.ok(spent > 0 && spent < 60, `${spent}`);
  },
});
