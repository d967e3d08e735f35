import { LIBC_PATHS } from "../../../src/shared/libc.ts";

/** Set by the tasks that test in full: as often as it takes to believe it, and what needs root; else a sample of it. */
export const FULL = Deno.args.includes("--full");

/** How often to do something: in the gate, and in full. */
export function times(gate: number, full: number): number {
  return FULL ? full : gate;
}

/** A test of the service as a process, under real load: it may start Deno and workers, send to this machine and use `data/`. */
export function faultTest(name: string, fn: () => Promise<void>, run: string[] = []): void {
  Deno.test({
    name: `fault: ${name}`,
    permissions: {
      run: [Deno.execPath(), ...run],
      net: ["127.0.0.1"],
      read: ["data", "src", "tests"],
      write: ["data"],
      ffi: [...LIBC_PATHS],
    },
    fn,
  });
}

/** Says in the test's output what was measured: how close to its bound a promise was kept. */
export function report(what: string, samples: readonly number[], unit: string): void {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.ceil(share * sorted.length) - 1] ?? NaN);
  console.log(`${what}: median ${at(0.5)}, 95 % ${at(0.95)}, most ${at(1)} ${unit} (${samples.length})`);
}

/** A number from `min` to below `max`. */
export function between(min: number, max: number): number {
  return min + Math.random() * (max - min);
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Looks every 10 ms until `condition` holds. @throws {Error} It doesn't within `ms`. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  ms = 30_000,
): Promise<void> {
  for (const begunMs = performance.now(); performance.now() - begunMs < ms;) {
    if (await condition()) return;
    await sleep(10);
  }
  throw new Error(`${what} did not happen within ${ms / 1000} s`);
}
