import { Accumulator, totalsOf } from "../../../src/aggregator/aggregate/partial.ts";
import { Batch, scanDatagram } from "../../../src/aggregator/parse/scanner.ts";
import { accepted, rejected } from "../../support/messages/message_tables.ts";
import { Child, type Program, type Report } from "../processes.ts";

const START_MS_MAX = 20_000;
/** The longest datagram that a contender reads whole. */
const DATAGRAM_BYTES_MAX = 8192;

/**
 * Sends a contender messages to accept and to reject, and compares its totals with Sluice's.
 *
 * @throws {Error} The totals differ.
 */
export async function checkJudgement(program: Program, core: number): Promise<void> {
  const texts = [...accepted.map(([line]) => line), ...Object.values(rejected).flat()];
  const datagrams = texts.map((text) => new TextEncoder().encode(text))
    .filter(({ length }) => length <= DATAGRAM_BYTES_MAX);
  datagrams.push(new Uint8Array(DATAGRAM_BYTES_MAX + 1).fill(0x20));
  const report = await judge(program, core, datagrams);
  const expected = sluiceTotals(datagrams);
  for (const [field, value] of Object.entries(expected)) {
    if (JSON.stringify(report[field]) === JSON.stringify(value)) continue;
    throw new Error(
      `its ${field} of the ${datagrams.length} messages to check is ${JSON.stringify(report[field])}, not ${
        JSON.stringify(value)
      }`,
    );
  }
}

async function judge(program: Program, core: number, datagrams: readonly Uint8Array[]): Promise<Report> {
  await using child = new Child(program, core);
  const { address } = await child.event("listening", START_MS_MAX);
  const to = {
    transport: "udp",
    hostname: "127.0.0.1",
    port: Number(String(address).split(":").at(-1)),
  } as const;
  const socket = Deno.listenDatagram({ ...to, port: 0 });
  for (const datagram of datagrams) await socket.send(datagram, to);
  socket.close();
  return await child.stop();
}

function sluiceTotals(datagrams: readonly Uint8Array[]) {
  const into = new Accumulator();
  for (const datagram of datagrams) {
    const end = Math.min(datagram.length, DATAGRAM_BYTES_MAX);
    scanDatagram(Batch.of(datagram), 0, end, end < datagram.length, into);
  }
  const { received, accepted, rejected, sum, max, min } = totalsOf(into.take());
  // Rounded, like the numbers of the contender's report once JSON.parse has read them.
  return { received, accepted, rejected, A1_sum: Number(sum), A2_max: Number(max), A3_min: Number(min) };
}
