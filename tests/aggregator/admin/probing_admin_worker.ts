/** The real admin thread, but once it listens, it tries what it may not and reports what worked. */
import type { FromAdmin } from "../../../src/aggregator/admin/messages.ts";
import { notDenied } from "../../support/processes/permission_probe.ts";

const scope = self as unknown as { postMessage(message: FromAdmin): void };
const post = scope.postMessage.bind(scope);
scope.postMessage = (message) => {
  const found = message.kind === "listening" ? Object.entries(notDenied()).map((pair) => pair.join(" ")) : [];
  post(message.kind === "listening" ? { ...message, held: [...message.held, ...found] } : message);
};
await import("../../../src/aggregator/admin/worker.ts");
