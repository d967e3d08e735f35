import type { Burden } from "../contest.ts";

export interface Load extends Burden {
  /** Datagrams per second; null is as fast as the sender can. */
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
 * Before each load, unmeasured: enough for what is compiled at run time to be compiled. After 20,000 datagrams V8 still
 * compiled the scanner for 25 ms of a load: a tenth of what one of 5 s at 50,000 a second takes. After datagrams of one
 * message it does so once more for those of 30.
 */
const WARM_UP_SECONDS = 1.5;
const WARM_UP_RATE_MAX = 50_000;

/** The warm-up for a load: the same, but no faster than any contender can follow. */
export function warmUpFor(load: Load): Load & { readonly rate: number } {
  return { ...load, rate: Math.min(load.rate ?? WARM_UP_RATE_MAX, WARM_UP_RATE_MAX) };
}

/** The datagrams of that; no more than the load itself has. */
export function warmUpDatagrams(load: Load, count: number): number {
  return Math.min(count, warmUpFor(load).rate * WARM_UP_SECONDS);
}

/** About what the sender reaches flat out: only how long such a load lasts depends on it. */
const FLAT_RATE = 500_000;

/** The datagrams that make `load` last for so long. */
export function datagramsFor(load: Load, seconds: number): number {
  return (load.rate ?? FLAT_RATE) * seconds;
}
