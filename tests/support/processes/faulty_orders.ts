/**
 * How a worker can be ordered to fail, by the A2 of a message: `fail` throws an error that the worker
 * reports, `crash` ends the worker by an uncaught error, `close` ends it without a message. `hang` and `spin`
 * block it for ever, asleep or busy. `doze` makes it sleep for 3 s. `slow` makes it pause for 20 ms again and
 * again.
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

/** Returns a message with an order. It changes no sum, maximum or minimum of the sender's messages. */
export function orderMessage(order: Order): string {
  return `{"A1":0,"A2":${NUMBERS[order]},"A3":99999999}`;
}

/** Flags of Deno that make a service start workers that obey orders. */
export const OBEDIENT = ["--preload=tests/support/processes/faulty_preload.ts", "--allow-read=tests"];
