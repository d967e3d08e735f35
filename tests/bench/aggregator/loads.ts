import type { AnyLoad } from "../contest.ts";

export interface Load extends AnyLoad {
  /** Datagrams per second; null: as fast as the sender can. */
  readonly rate: number | null;
  readonly sources: number;
  /** Messages in each datagram, one a line. */
  readonly perDatagram: number;
}

export const LOADS: readonly Load[] = [
  { name: "50k", about: "50,000 datagrams/s", rate: 50_000, sources: 1, perDatagram: 1 },
  { name: "200k", about: "200,000 datagrams/s", rate: 200_000, sources: 1, perDatagram: 1, usual: true },
  { name: "flat", about: "as fast as the sender can", rate: null, sources: 1, perDatagram: 1, usual: true },
  { name: "50k-16", about: "50k, from 16 sources", rate: 50_000, sources: 16, perDatagram: 1 },
  { name: "200k-16", about: "200k, from 16 sources", rate: 200_000, sources: 16, perDatagram: 1 },
  { name: "flat-16", about: "flat, from 16 sources", rate: null, sources: 16, perDatagram: 1 },
  {
    name: "20k-30",
    about: "20k, of 30 messages each",
    rate: 20_000,
    sources: 1,
    perDatagram: 30,
    usual: true,
  },
];

/**
 * The length of the warm-up before each load. It is not measured, and gives V8 time to compile. Measured
 * once: after 20,000 datagrams V8 still compiled the scanner for 25 ms of processor time, a tenth of what 5 s
 * of `50k` take. After datagrams of one message, V8 compiles the scanner once more for datagrams of 30.
 */
const WARM_UP_SECONDS = 1.5;
const WARM_UP_RATE_MAX = 50_000;

/** The warm-up for a load: the same load, but not faster than every contender can follow. */
export function warmUpFor(load: Load): Load & { readonly rate: number } {
  return { ...load, rate: Math.min(load.rate ?? WARM_UP_RATE_MAX, WARM_UP_RATE_MAX) };
}

/** The number of datagrams in the warm-up; not more than the load itself has. */
export function warmUpDatagrams(load: Load, count: number): number {
  return Math.min(count, warmUpFor(load).rate * WARM_UP_SECONDS);
}

/** About what the sender reaches at full speed. It decides only how long such a load lasts. */
const FLAT_RATE = 500_000;

/** The number of datagrams that make `load` last this long. */
export function datagramsFor(load: Load, seconds: number): number {
  return (load.rate ?? FLAT_RATE) * seconds;
}
