import { LIBC_PATHS } from "../../../src/shared/libc.ts";

/** Whether tests run in full (`-- --full`): many repetitions, and what needs root. The gate runs a sample. */
export const FULL = Deno.args.includes("--full");

/** Returns how often to repeat something: in the gate, or in full. */
export function times(gate: number, full: number): number {
  return FULL ? full : gate;
}

/** Defines a test of a service as a process, which may start Deno, send to this machine and use `data/`. */
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

/** Prints the distribution of measured values, which shows how close to its limit a promise was kept. */
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

/** Waits until `condition` holds; looks every 10 ms. @throws {Error} It does not hold within `ms`. */
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
