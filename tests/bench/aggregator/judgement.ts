import { Accumulator, totalsOf } from "../../../src/aggregator/aggregate/partial.ts";
import { Batch, scanDatagram } from "../../../src/aggregator/parse/scanner.ts";
import { accepted, rejected } from "../../support/messages/message_tables.ts";
import { Child, type Program, type Report } from "../processes.ts";

const START_MS_MAX = 20_000;
/** What a contender of the benchmark takes. */
const DATAGRAM_BYTES_MAX = 8192;

/**
 * Sends a contender messages to accept and to refuse, and compares what it makes of them with what Sluice does.
 *
 * @throws {Error} It judges otherwise.
 */
export async function checkJudgement(program: Program, core: number): Promise<void> {
  const texts = [...accepted.map(([line]) => line), ...Object.values(rejected).flat()];
  const datagrams = texts.map((text) => new TextEncoder().encode(text))
    .filter(({ length }) => length <= DATAGRAM_BYTES_MAX);
  datagrams.push(new Uint8Array(DATAGRAM_BYTES_MAX + 1).fill(0x20));
  const said = await judge(program, core, datagrams);
  const expected = sluiceSays(datagrams);
  for (const [field, value] of Object.entries(expected)) {
    if (JSON.stringify(said[field]) === JSON.stringify(value)) continue;
    throw new Error(
      `its ${field} of the ${datagrams.length} messages to check is ${JSON.stringify(said[field])}, not ${
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

function sluiceSays(datagrams: readonly Uint8Array[]) {
  const into = new Accumulator();
  for (const datagram of datagrams) {
    const end = Math.min(datagram.length, DATAGRAM_BYTES_MAX);
    scanDatagram(Batch.of(datagram), 0, end, end < datagram.length, into);
  }
  const { received, accepted, rejected, sum, max, min } = totalsOf(into.take());
  // As a report of JSON reads: rounded, as its numbers are in JavaScript.
  return { received, accepted, rejected, A1_sum: Number(sum), A2_max: Number(max), A3_min: Number(min) };
}
