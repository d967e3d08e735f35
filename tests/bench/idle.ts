import type { CpuClock } from "./cpu_clock.ts";

const LOOK_MS = 40;
/** A process that spends less processor time than this between two looks is idle. */
const IDLE_CPU_MS_MAX = 1;
/** How many idle looks in a row count: one may be because another process took the core. */
const QUIET_LOOKS = 2;
const WAIT_MS_MAX = 30_000;

/** Waits until a process is idle. @throws {Error} The process is busy for longer than 30 s. */
export async function idle(clock: CpuClock, pid: number): Promise<void> {
  const startMs = performance.now();
  let spentMs = clock.ms(pid);
  for (let quiet = 0; quiet < QUIET_LOOKS;) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    const nowMs = clock.ms(pid);
    quiet = nowMs - spentMs < IDLE_CPU_MS_MAX ? quiet + 1 : 0;
    spentMs = nowMs;
    if (performance.now() - startMs > WAIT_MS_MAX) {
      throw new Error(`it is still busy after ${WAIT_MS_MAX / 1000} s`);
    }
  }
}
