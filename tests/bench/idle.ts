import type { CpuClock } from "./cpu_clock.ts";

const LOOK_MS = 40;
/** A process that spends less between two looks does nothing but look around. */
const IDLE_CPU_MS_MAX = 1;
/** One quiet look may be a neighbour that takes the core away. */
const QUIET_LOOKS = 2;
const WAIT_MS_MAX = 30_000;

/** Waits until a process has nothing more to do. @throws {Error} It is busy for longer than 30 s. */
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
