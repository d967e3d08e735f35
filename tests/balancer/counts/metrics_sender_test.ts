import assert from "node:assert/strict";
import { MetricsSender } from "../../../src/balancer/counts/metrics_sender.ts";
import { eventsOf, type LogEntry, logInto } from "../../support/recorded_log.ts";
import { listen } from "../../support/messages/udp.ts";

const MEASUREMENT = { requests: 3, slowest: 1500, fastest: 2 };

for (const hostname of ["127.0.0.1", "::1"]) {
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  Deno.test({
    name: `metrics sender: a measurement arrives as one datagram on ${hostname}`,
    permissions: { net: [host] },
    async fn() {
      using receiver = listen(hostname);
      await using sender = new MetricsSender(receiver.to, logInto([]));
      await sender.send(MEASUREMENT);
      assert.deepEqual((await receiver.take(1)).texts, ['{"A1":3,"A2":1500,"A3":2}']);
    },
  });
}

Deno.test({
  name:
    "metrics sender: measurements that come during a send are combined, and are sent before the sender ends",
  permissions: { net: ["127.0.0.1"] },
  async fn() {
    using receiver = listen("127.0.0.1");
    const sender = new MetricsSender(receiver.to, logInto([]));
    for (const slowest of [1500, 9, 8, 10]) sender.send({ requests: 3, slowest, fastest: slowest - 5 });
    await sender[Symbol.asyncDispose]();
    assert.deepEqual((await receiver.take(2)).texts, [
      '{"A1":3,"A2":1500,"A3":1495}',
      '{"A1":9,"A2":10,"A3":3}',
    ]);
  },
});

Deno.test({
  name: "metrics sender: failed sends are logged once per outage",
  permissions: { net: ["127.0.0.1"] },
  async fn() {
    const log: LogEntry[] = [];
    await using sender = new MetricsSender({ hostname: "127.0.0.1", port: 9 }, logInto(log));
    await sender.send(MEASUREMENT);
    Deno.permissions.revokeSync({ name: "net", host: "127.0.0.1" });
    await sender.send(MEASUREMENT);
    await sender.send(MEASUREMENT);
    assert.deepEqual(eventsOf(log), ["metrics_lost"]);
  },
});

Deno.test({
  name: "metrics sender: the error names the missing permission",
  permissions: { net: ["127.0.0.1:9"] },
  fn() {
    const open = (hostname: string) => () => new MetricsSender({ hostname, port: 9 }, logInto([]));
    assert.throws(open("127.0.0.1"), /--allow-net=127\.0\.0\.1:9,127\.0\.0\.1:0$/);
    assert.throws(open("::1"), /--allow-net=\[::1\]:9,\[::1\]:0$/);
    assert.throws(
      open("aggregator"),
      /Cannot send metrics to aggregator:9: .*--allow-net=aggregator:9,0\.0\.0\.0:0$/,
    );
  },
});
