import assert from "node:assert/strict";
import { LIBC_PATHS } from "../../src/shared/libc.ts";
import { CpuClock } from "./cpu_clock.ts";

const permissions = { ffi: [...LIBC_PATHS] };

Deno.test({
  name: "bench CPU clock: the clock of a process advances while the process works",
  permissions,
  fn() {
    using clock = new CpuClock();
    const [cpu, wall] = [clock.ms(Deno.pid), performance.now()];
    let spent = 0;
    while (spent < 20 && performance.now() - wall < 10_000) spent = clock.ms(Deno.pid) - cpu;
    assert.ok(spent >= 20);
  },
});

Deno.test({
  name: "bench CPU clock: a process that does not exist is an error",
  permissions,
  fn() {
    using clock = new CpuClock();
    const pidBeyondAnyLimit = 2 ** 22 + 1; // PID_MAX_LIMIT of the kernel's include/linux/threads.h
    assert.throws(() => clock.ms(pidBeyondAnyLimit), /it has ended/);
  },
});
