/**
 * The real worker, but after its first partial, in the middle of its work, it tries what it has no permission
 * for and posts what was not denied.
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
