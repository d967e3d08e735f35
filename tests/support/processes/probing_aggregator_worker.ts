/**
 * The real worker, which also tries what it is not allowed to: after its first partial, so in the middle of its
 * work, it posts what was not denied.
 */
import "../../../src/aggregator/worker.ts";
import { notDenied } from "./permission_probe.ts";

const scope = self as unknown as { postMessage(message: unknown, transfer: Transferable[]): void };
const post = scope.postMessage.bind(scope);
let probed = false;
scope.postMessage = (message, transfer) => {
  post(message, transfer);
  if ((message as { kind: string }).kind !== "partial" || probed) return;
  probed = true;
  post({ kind: "probe", notDenied: notDenied() }, []);
};
