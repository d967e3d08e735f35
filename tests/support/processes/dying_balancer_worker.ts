/** The real balancer worker, but the first one that gets a route of the cluster "fatal" dies. */
import type { ToWorker } from "../../../src/balancer/worker_protocol.ts";
import "../../../src/balancer/worker.ts";

addEventListener("message", (event) => {
  const { data } = event as MessageEvent<ToWorker>;
  const route = data.kind === "routes" ? data.changed.get("fatal") : undefined;
  if (route && Atomics.add(route.turns, 0, 1n) === 0n) throw new Error("it was told to die");
});
