/**
 * The real worker, but once it listens, it tries what it has no permission for and posts what was not denied.
 */
import "../../../src/balancer/worker.ts";
import { notDenied } from "./permission_probe.ts";

const scope = self as unknown as { postMessage(message: unknown): void };
const post = scope.postMessage.bind(scope);
scope.postMessage = (message) => {
  post(message);
  if ((message as { kind: string }).kind === "listening") post({ kind: "probe", notDenied: notDenied() });
};
