import assert from "node:assert/strict";
import { emptyTotals, mergeTotals, type Totals } from "../../../src/aggregator/aggregate/partial.ts";
import { between, faultTest, times, until } from "../../support/processes/long_tests.ts";
import { OBEDIENT } from "../../support/processes/faulty_orders.ts";
import { HOSTILE } from "./hostile.ts";
import { judgeDatagram } from "../../support/messages/reference_parser.ts";
import { sendDatagrams, Service } from "../../support/processes/aggregator_process.ts";
import { assertSums, parseStrictly, sumOf } from "../../support/disk/strict_records.ts";

const DATAGRAM_BYTES_MAX = 8192;
/** How much the process may grow from a first, short flood to a long one: heap sizes vary. */
const GROWTH_BYTES_MAX = 48 * 1024 * 1024;
/**
 * Big datagrams are so rare that even the smallest receive buffer holds those that come between two reads.
 */
const BIG_BYTES = 2048;
const BIG_SHARE = 0.01;

const JUDGED = HOSTILE.map((bytes) => ({
  bytes,
  totals: judgeDatagram(bytes.subarray(0, DATAGRAM_BYTES_MAX), bytes.length > DATAGRAM_BYTES_MAX),
}));
const BIG = JUDGED.filter(({ bytes }) => bytes.length > BIG_BYTES);
const SMALL = JUDGED.filter(({ bytes }) => bytes.length <= BIG_BYTES);

const pick = <T>(list: readonly T[]): T => list[Math.floor(between(0, list.length))]!;

/** Yields hostile and good datagrams in turn, and adds their expected totals to `expected`. */
function* flood(datagrams: number, expected: Totals): Generator<Uint8Array | string> {
  for (let i = 0; i < datagrams; i++) {
    const { bytes, totals } = pick(Math.random() < BIG_SHARE ? BIG : SMALL);
    mergeTotals(expected, totals);
    yield bytes;
    const [sum, max, min] = [BigInt(i), BigInt(i % 777), BigInt(-i)];
    mergeTotals(expected, { ...emptyTotals(), received: 1, accepted: 1, sum, max, min });
    yield `{"A1":${sum},"A2":${max},"A3":${min}}`;
  }
}

async function waitForSum(service: Service, sum: bigint): Promise<void> {
  await until(`a sum of ${sum} in the file`, async () => {
    const text = await Deno.readTextFile(service.out);
    return sumOf(parseStrictly(text.slice(0, text.lastIndexOf("\n") + 1)), 1) === sum;
  });
}

faultTest(
  "hostile datagrams among good ones are counted exactly, by reason; the process neither ends nor grows",
  async () => {
    await using service = await Service.start("start", ["--workers", "2", "--windows", "1s,2s"], OBEDIENT);
    const expected = emptyTotals();
    for (const { totals } of JUDGED) mergeTotals(expected, totals);
    await sendDatagrams(service.port, JUDGED.map(({ bytes }) => bytes));
    await sendDatagrams(service.port, flood(times(2000, 10_000), expected));
    await waitForSum(service, expected.sum);
    service.signal("SIGUSR2");
    const { rss: before } = await service.event("memory");
    await sendDatagrams(service.port, flood(times(5000, 100_000), expected));
    await waitForSum(service, expected.sum);
    service.signal("SIGUSR2");
    const { rss: after } = await service.event("memory", 2);
    const { code, totals: { received, accepted, rejected, dropped, lost } } = await service.stop();
    assert.equal(code, 0);
    assert.deepEqual({ received, accepted, rejected, dropped, lost }, {
      received: expected.received,
      accepted: expected.accepted,
      rejected: expected.rejected,
      dropped: 0,
      lost: 0,
    });
    const records = parseStrictly(await Deno.readTextFile(service.out));
    assertSums(records, [1, 2], expected.sum);
    const extremes = (values: bigint[]) => values.toSorted((a, b) => a < b ? -1 : a > b ? 1 : 0);
    assert.equal(extremes(records.map((record) => record.max)).at(-1), expected.max);
    assert.equal(extremes(records.map((record) => record.min))[0], expected.min);
    console.log(`hostile datagrams: the process grew by ${(Number(after) - Number(before)) / 1024} KiB`);
    assert.ok(Number(after) - Number(before) <= GROWTH_BYTES_MAX, `from ${before} to ${after} bytes`);
  },
);
