/**
 * How a worker can be ordered to fail, by the A2 of a message:
 * `fail` throws where the worker says so, `crash` ends it by an uncaught error, `close` without a word; `hang` and
 * `spin` leave it there, asleep or busy; `doze` makes it sleep for 3 s and go on; `slow` makes it read little.
 */
export type Order = "fail" | "crash" | "close" | "hang" | "spin" | "doze" | "slow";

const NUMBERS: Record<Order, number> = {
  fail: -1_000_001,
  crash: -1_000_002,
  close: -1_000_003,
  hang: -1_000_004,
  spin: -1_000_005,
  doze: -1_000_006,
  slow: -1_000_007,
};

export const ORDERS: ReadonlyMap<number, Order> = new Map(
  Object.entries(NUMBERS).map(([order, number]) => [number, order as Order]),
);

/** A message that counts for nothing in a sum, a maximum or a minimum of what the sender sends. */
export function orderMessage(order: Order): string {
  return `{"A1":0,"A2":${NUMBERS[order]},"A3":99999999}`;
}

/** The flags of Deno with which a service starts workers that obey. */
export const OBEDIENT = ["--preload=tests/support/processes/faulty_preload.ts", "--allow-read=tests"];
