import type { Bench } from "../contest.ts";
import { idle } from "../idle.ts";
import { type Cores, droppedBy, residentBytesMax } from "../machine.ts";
import { Child, type Report, run } from "../processes.ts";
import type { Measurement } from "../stats.ts";
import type { Column } from "../table.ts";
import { fixed, integer, percent } from "../table.ts";
import { programOfTask } from "../tasks.ts";
import type { Contender } from "./contenders.ts";
import { type Load, warmUpDatagrams, warmUpFor } from "./loads.ts";

export const COLUMNS: readonly [Column, ...Column[]] = [
  { figure: "cpuNs", title: "CPU ns/datagram", show: integer },
  { figure: "loss", title: "loss", show: percent },
  { figure: "datagramsPerSecond", title: "datagrams/s sent", show: integer },
  { figure: "receivedPerSecond", title: "received/s", show: integer },
  { figure: "residentBytesMax", title: "memory MB", show: (bytes) => fixed(0)(bytes / 1e6) },
  { figure: "processCpuMs", title: "CPU ms in all", show: integer },
];

const START_MS_MAX = 20_000;
/** How long the sender may take beyond its schedule, and the rate it must reach at full speed. */
const SEND_MS_MAX = 30_000;
const FLAT_RATE_MIN = 20_000;

/** The report that `deno task send` prints at its end. */
interface Sent {
  /** The number of messages. */
  readonly sent: number;
  readonly datagrams: number;
  readonly seconds: number;
  readonly A1_sum: number;
}

/**
 * Starts a contender, sends it a warm-up and then `count` datagrams, and ends it. Its processor time counts
 * from just before the load until it has read everything and is idle again. `processCpuMs` counts from its
 * start.
 *
 * @throws {Error} The contender does not start, does not stop, or its totals differ from what was sent.
 */
export async function measure(
  { directory, cores, clock }: Bench,
  contender: Contender,
  load: Load,
  count: number,
): Promise<Measurement> {
  await using receiver = new Child(contender.program(directory), cores.receiver);
  const { address } = await receiver.event("listening", START_MS_MAX);
  const warmUp = await send(String(address), warmUpFor(load), warmUpDatagrams(load, count), cores);
  await idle(clock, receiver.pid);
  const droppedBefore = await droppedBy(Number(String(address).split(":").at(-1)), cores.sender);
  const beforeMs = clock.ms(receiver.pid);
  const sent = await send(String(address), load, count, cores);
  await idle(clock, receiver.pid);
  const afterMs = clock.ms(receiver.pid);
  const memory = await residentBytesMax(receiver.pid, cores.sender);
  const stopped = await receiver.stop();
  const received = receivedOf(stopped, [warmUp, sent]) - (warmUp.datagrams - droppedBefore);
  if (received <= 0) throw new Error("it received nothing of the load");
  return {
    ...perDatagram(sent, received, afterMs - beforeMs),
    residentBytesMax: memory,
    processCpuMs: afterMs,
  };
}

/**
 * The figures of a load: `received` datagrams took `cpuMs` of processor time. Both rates are per second of
 * sending, so datagrams that were still in a buffer at its end count, too.
 */
export function perDatagram({ datagrams, seconds }: Sent, received: number, cpuMs: number) {
  return {
    cpuNs: cpuMs * 1e6 / received,
    loss: 1 - received / datagrams,
    datagramsPerSecond: datagrams / seconds,
    receivedPerSecond: received / seconds,
  };
}

async function send(to: string, load: Load, count: number, cores: Cores): Promise<Sent> {
  const { rate, sources, perDatagram } = load;
  const flags = { to, count: count * perDatagram, sources, "per-datagram": perDatagram };
  const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, String(value)]);
  if (rate !== null) args.push("--rate", `${rate * perDatagram}/s`);
  const msMax = count / (rate ?? FLAT_RATE_MIN) * 1000 + SEND_MS_MAX;
  const lines = await run(programOfTask("send", args), cores.sender, msMax);
  return JSON.parse(lines.find((line) => line.startsWith("{"))!);
}

/**
 * Returns how many datagrams a contender reports as received.
 *
 * @throws {Error} The report can't be right: such a contender is not measured.
 */
export function receivedOf(stopped: Report, all: readonly Sent[]): number {
  const total = (key: keyof Sent) => all.reduce((sum, sent) => sum + sent[key], 0);
  const { received } = stopped;
  if (typeof received !== "number" || received > total("datagrams")) {
    throw new Error(`it says it received ${received} of ${total("datagrams")} datagrams`);
  }
  if (received < total("datagrams")) return received;
  for (const [field, expected] of [["accepted", total("sent")], ["A1_sum", total("A1_sum")]] as const) {
    const said = stopped[field];
    if (said !== undefined && said !== expected) throw new Error(`its ${field} is ${said}, not ${expected}`);
  }
  return received;
}
