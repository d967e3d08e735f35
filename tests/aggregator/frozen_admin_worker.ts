/** An admin thread that listens and then blocks for ever, as in an endless loop that an attacker caused. */
import type { FromAdmin, ToAdmin } from "../../src/aggregator/admin/messages.ts";

interface WorkerScope {
  onmessage: ((event: MessageEvent<ToAdmin>) => void) | null;
  postMessage(message: FromAdmin): void;
}

const scope = self as unknown as WorkerScope;
scope.onmessage = ({ data: { hostname, port } }) => {
  const listener = Deno.listen({ hostname, port });
  scope.postMessage({ kind: "listening", port: listener.addr.port, held: [] });
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
};
