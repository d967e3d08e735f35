/**
 * The aggregator in its simplest form for Deno: `Deno.listenDatagram` and `JSON.parse`, on a free port of
 * 127.0.0.1 until SIGTERM.
 *
 * @module
 */
const totals = { received: 0, accepted: 0, A1_sum: 0, A2_max: -Infinity, A3_min: Infinity };
const report = (event: string, fields: object) => console.log(JSON.stringify({ event, ...fields }));

const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
Deno.addSignalListener("SIGTERM", () => {
  report("stopped", totals);
  Deno.exit();
});
report("listening", { address: `127.0.0.1:${(socket.addr as Deno.NetAddr).port}` });

const decoder = new TextDecoder();
// One buffer for all datagrams. Measured once: `for await (… of socket)`, which makes a new buffer for each
// datagram, doubles the cost and triples the loss.
const buffer = new Uint8Array(65_536);
for (;;) {
  const [datagram] = await socket.receive(buffer);
  totals.received++;
  for (const line of decoder.decode(datagram).split("\n")) {
    if (line === "") continue;
    const { A1, A2, A3 } = JSON.parse(line);
    totals.accepted++;
    totals.A1_sum += A1;
    totals.A2_max = Math.max(totals.A2_max, A2);
    totals.A3_min = Math.min(totals.A3_min, A3);
  }
}
