/**
 * The aggregator in its simplest form for Node.js: `dgram` and `JSON.parse`, on a free port of 127.0.0.1
 * until SIGTERM.
 *
 * @module
 */
import { createSocket } from "node:dgram";
import process from "node:process";

const totals = { received: 0, accepted: 0, A1_sum: 0, A2_max: -Infinity, A3_min: Infinity };
const report = (event, fields) => process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`);

const socket = createSocket({ type: "udp4", recvBufferSize: 26_214_400 });
socket.on("message", (datagram) => {
  totals.received++;
  for (const line of datagram.toString().split("\n")) {
    if (line === "") continue;
    const { A1, A2, A3 } = JSON.parse(line);
    totals.accepted++;
    totals.A1_sum += A1;
    totals.A2_max = Math.max(totals.A2_max, A2);
    totals.A3_min = Math.min(totals.A3_min, A3);
  }
});
socket.bind(0, "127.0.0.1", () => report("listening", { address: `127.0.0.1:${socket.address().port}` }));
process.on("SIGTERM", () => {
  report("stopped", totals);
  socket.close();
});
