import { openLibc } from "../../src/shared/libc.ts";

const SYMBOLS = {
  clock_getcpuclockid: { parameters: ["i32", "buffer"], result: "i32" },
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
} as const;

/**
 * Reads the processor time of other processes: user and system time of all threads, ended ones included. It
 * uses the kernel's clock of a process (clock_getcpuclockid(3)), which counts nanoseconds; `/proc/PID/stat`
 * counts 10 ms.
 */
export class CpuClock implements Disposable {
  readonly #libc = openLibc(SYMBOLS);

  /**
   * Milliseconds of processor time since the start of process `pid`.
   *
   * @throws {Error} There is no such process.
   */
  ms(pid: number): number {
    const { clock_getcpuclockid, clock_gettime } = this.#libc.symbols;
    const clock = new Int32Array(1);
    const time = new BigInt64Array(2); // struct timespec: seconds, nanoseconds
    if (clock_getcpuclockid(pid, clock) !== 0 || clock_gettime(clock[0]!, time) !== 0) {
      throw new Error(`Cannot read the processor time of process ${pid}: it has ended`);
    }
    return Number(time[0]) * 1000 + Number(time[1]) / 1e6;
  }

  [Symbol.dispose](): void {
    this.#libc.close();
  }
}
