import assert from "node:assert/strict";
import { run, type Transport } from "../../../src/sender/run.ts";
import { Datagrams, type Shape, SHAPES, type Totals } from "../../../src/sender/shapes.ts";

/** No datagram takes longer than this over loopback. */
const PATIENCE_MS = 5000;

export interface Received {
  texts: string[];
  /** How many sockets the datagrams came from. */
  sources: number;
}

/** Opens a receiver on a free port. Its socket holds some 200 small datagrams until `take` reads them. */
export function listen(hostname: string): Disposable & {
  to: { hostname: string; port: number };
  /** Returns the next datagrams. @throws {Error} They do not come within 5 s. */
  take(datagrams: number): Promise<Received>;
} {
  const socket = Deno.listenDatagram({ transport: "udp", hostname, port: 0 });
  let open = true;
  const close = () => {
    if (open) socket.close();
    open = false;
  };
  return {
    to: { hostname, port: (socket.addr as Deno.NetAddr).port },
    [Symbol.dispose]: close,
    async take(datagrams) {
      const timer = setTimeout(close, PATIENCE_MS);
      try {
        const texts: string[] = [];
        const sources = new Set<number>();
        while (texts.length < datagrams) {
          const [bytes, from] = await socket.receive(new Uint8Array(65_535));
          texts.push(new TextDecoder().decode(bytes));
          sources.add((from as Deno.NetAddr).port);
        }
        return { texts, sources: sources.size };
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

/** Adds up messages in the simplest way, with JSON.parse. */
export function addUp(texts: readonly string[]): Totals {
  const messages = texts.flatMap((text) => text.split("\n")).map((line) => JSON.parse(line));
  return {
    messages: messages.length,
    datagrams: texts.length,
    A1_sum: messages.reduce((sum, { A1 }) => sum + A1, 0),
    A2_max: Math.max(...messages.map(({ A2 }) => A2)),
    A3_min: Math.min(...messages.map(({ A3 }) => A3)),
  };
}

export interface Sent {
  totals: Totals;
  refused: number;
}

/** Sends messages at full speed over a transport of the sender. */
export async function send(
  open: OpenTransport,
  to: { hostname: string; port: number },
  { sources = 1, perDatagram = 1, count = 100, shape = "plain" as Shape },
): Promise<Sent> {
  const datagrams = new Datagrams({ shape, seed: 9, perDatagram, slots: 8 });
  const totals: Totals = { messages: 0, datagrams: 0, A1_sum: 0, A2_max: 0, A3_min: 0 };
  const transport: Transport = open(to, sources, datagrams);
  try {
    const { signal } = new AbortController();
    const clock = {
      now: () => performance.now(),
      block: () => assert.fail("nothing to wait for"),
      idle: () => new Promise<void>((resolve) => setTimeout(resolve, 0)),
    };
    await run({ count, rate: Infinity, perDatagram, datagrams, transport, clock, signal, totals });
    return { totals, refused: transport.refused };
  } finally {
    transport.close();
  }
}

export type OpenTransport = (
  to: { hostname: string; port: number },
  sources: number,
  datagrams: Datagrams,
) => Transport;

/** Checks, for every shape and with several sockets, that what arrives is what the sender reports. */
export async function assertDelivers(open: OpenTransport, hostname: string): Promise<void> {
  for (const shape of SHAPES) {
    using receiver = listen(hostname);
    const { totals, refused } = await send(open, receiver.to, { shape, perDatagram: 3, sources: 4 });
    const received = await receiver.take(totals.datagrams);
    assert.equal(received.sources, 4);
    assert.deepEqual(addUp(received.texts), totals);
    assert.equal(totals.messages, 100);
    assert.equal(refused, 0);
  }
}
