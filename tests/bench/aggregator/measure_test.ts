import assert from "node:assert/strict";
import { LOADS, warmUpDatagrams, warmUpFor } from "./loads.ts";
import { perDatagram, receivedOf } from "./measure.ts";

const test = (name: string, fn: () => void) =>
  Deno.test({ name: `bench aggregator: ${name}`, permissions: "none", fn });

const sent = [
  { sent: 60, datagrams: 2, seconds: 1, A1_sum: 500 },
  { sent: 300, datagrams: 10, seconds: 1, A1_sum: 7000 },
];

for (
  const stopped of [
    { received: 12, accepted: 360, A1_sum: 7500 },
    { received: 12, accepted: 360 },
    { received: 11, accepted: 330, A1_sum: 7000 },
    { received: 0, accepted: 0, A1_sum: 0 },
  ]
) {
  test(`the report ${JSON.stringify(stopped)} is accepted`, () => {
    assert.equal(receivedOf(stopped, sent), stopped.received);
  });
}

for (
  const [stopped, message] of [
    [{ received: 13, accepted: 360 }, /it says it received 13 of 12/],
    [{}, /it says it received undefined of 12/],
    [{ received: 12, accepted: 359 }, /its accepted is 359, not 360/],
    [{ received: 12, accepted: 360, A1_sum: 7501 }, /its A1_sum is 7501, not 7500/],
  ] as const
) {
  test(`the report ${JSON.stringify(stopped)} is an error`, () =>
    assert.throws(() => receivedOf(stopped, sent), message));
}

test("rates are per second of sending, and processor time is per received datagram", () => {
  assert.deepEqual(perDatagram({ sent: 3000, datagrams: 1000, seconds: 2, A1_sum: 0 }, 800, 4), {
    cpuNs: 5000,
    loss: 1 - 0.8,
    datagramsPerSecond: 500,
    receivedPerSecond: 400,
  });
});

test("the warm-up for a load has datagrams of the same kind, at a rate that every contender can follow", () => {
  const rates = LOADS.map((load) => {
    const { rate, perDatagram, sources } = warmUpFor(load);
    assert.deepEqual({ perDatagram, sources }, { perDatagram: load.perDatagram, sources: load.sources });
    return rate;
  });
  assert.deepEqual(rates, [50_000, 50_000, 50_000, 50_000, 50_000, 50_000, 20_000]);
  assert.deepEqual([1000, 1e6].map((count) => warmUpDatagrams(LOADS[0]!, count)), [1000, 75_000]);
});
