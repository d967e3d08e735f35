import { formatHostPort } from "../shared/address.ts";
import { canOpenLibc } from "../shared/libc.ts";
import { localAddressFor, requireNet } from "../shared/net_permission.ts";
import { runProgram } from "../shared/program.ts";
import { parseConfig, type SenderConfig } from "./config.ts";
import { openDatagram } from "./datagram.ts";
import { NobodyListens } from "./refusals.ts";
import { type Clock, run } from "./run.ts";
import { openSendmmsg } from "./sendmmsg.ts";
import { Datagrams, type Totals } from "./shapes.ts";

/** The most datagrams in a batch: in a larger one the cost of the system call itself no longer matters. */
const BATCH = 64;
const PROGRESS_MS = 500;

const sleepWord = new Int32Array(new SharedArrayBuffer(4));
const clock: Clock = {
  now: () => performance.now(),
  block: (ms) => void Atomics.wait(sleepWord, 0, 0, ms),
  // Even 0 ms need a timer, because Deno handles signals only when the event loop has nothing to run.
  // Measured once: setImmediate keeps the event loop busy, and Ctrl-C then took up to 0.8 s.
  idle: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/** Shows progress in one line of the terminal, twice a second. The returned function stops and clears it. */
function showProgress(totals: Totals, count: number): () => void {
  if (!Deno.stderr.isTerminal()) return () => {};
  const write = (text: string) => void Deno.stderr.writeSync(new TextEncoder().encode(`\r${text}\x1b[K`));
  const digits = (n: number) => Math.round(n).toLocaleString("en");
  let [shown, shownMs] = [0, performance.now()];
  const timer = setInterval(() => {
    const nowMs = performance.now();
    const rate = (totals.messages - shown) / (nowMs - shownMs) * 1000;
    write(`${digits(totals.messages)} of ${digits(count)} messages sent, ${digits(rate)}/s`);
    [shown, shownMs] = [totals.messages, nowMs];
  }, PROGRESS_MS);
  return () => {
    clearInterval(timer);
    write("");
  };
}

/**
 * Sends the messages and prints what a receiver should have added up.
 *
 * @throws {NobodyListens} At least half of the datagrams were refused.
 */
async function send(config: SenderConfig): Promise<void> {
  const { to, count, rate, sources, perDatagram, seed, shape } = config;
  const withFfi = canOpenLibc();
  // Without the C library the sender uses sockets of Deno, which need the permission for the local address,
  // too.
  requireNet(`send to ${formatHostPort(to)}`, withFfi ? [to] : [to, localAddressFor(to.hostname)]);
  // Smaller batches for few datagrams, so that every source sends some and not only the first.
  const slots = Math.min(BATCH, Math.ceil(count / perDatagram / sources));
  const datagrams = new Datagrams({ shape, seed, perDatagram, slots });
  const transport = (withFfi ? openSendmmsg : openDatagram)(to, sources, datagrams);
  const totals: Totals = { messages: 0, datagrams: 0, A1_sum: 0, A2_max: 0, A3_min: 0 };
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  const signals = ["SIGINT", "SIGTERM"] as const;
  signals.forEach((signal) => Deno.addSignalListener(signal, onSignal));
  const endProgress = showProgress(totals, count);
  let ms: number;
  try {
    ms = await run({ count, rate, perDatagram, datagrams, transport, clock, signal: stop.signal, totals });
  } finally {
    endProgress();
    transport.close();
    signals.forEach((signal) => Deno.removeSignalListener(signal, onSignal));
  }
  const { refused } = transport;
  if (refused > 0) {
    const refusal = `${refused} of ${totals.datagrams} datagrams were refused`;
    if (refused >= totals.datagrams / 2) throw new NobodyListens(refusal);
    console.error(`sluice send: ${refusal}: the receiver has less than these sums`);
  }
  const { messages, datagrams: sent, ...sums } = totals;
  const seconds = Number((ms / 1000).toFixed(6));
  const reached = seconds === 0 ? 0 : Math.round(messages / seconds);
  console.log(JSON.stringify({ sent: messages, datagrams: sent, seconds, rate: reached, ...sums }));
}

Deno.exitCode = await runProgram(() => parseConfig(Deno.args), send, {
  prefix: "sluice send",
  advise: (error) =>
    error instanceof NobodyListens ? ": nothing listens there; start the receiver or change --to" : "",
});
