import { dropAllPermissions } from "../shared/process.ts";
import type { FromWorker, ToWorker } from "./messages.ts";
import { Meter } from "./metrics.ts";
import { Redirector } from "./redirect.ts";

interface WorkerScope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker): void;
  close(): void;
}

/** Without a request for so long, nobody is taken to be waiting for an answer. */
const QUIET_MS = 50;
/** New viewers may come for ever: from then on they are refused. */
const SEND_AWAY_MS_MAX = 250;

const scope = self as unknown as WorkerScope;

let serving: { server: Deno.HttpServer<Deno.NetAddr>; redirector: Redirector; meter: Meter } | undefined;

function serve({ listen, table, measuring }: ToWorker & { kind: "serve" }): void {
  const redirector = new Redirector(table);
  const meter = new Meter((measurement) => scope.postMessage({ kind: "measured", measurement }));
  const server = Deno.serve({
    ...listen,
    reusePort: true,
    // Its own would write to stdout.
    onListen() {},
    handler: measuring ? meter.measured(redirector.answer) : redirector.answer,
  });
  serving = { server, redirector, meter };
  // From here on this thread, which is to read strangers' bytes, holds no permission of any kind.
  const held = dropAllPermissions();
  scope.postMessage({ kind: "listening", port: server.addr.port, held });
}

async function stop(): Promise<void> {
  if (serving) {
    const { server, redirector, meter } = serving;
    await sendAway(redirector);
    await server.shutdown();
    meter.flush();
    scope.postMessage({ kind: "stopped", counts: redirector.counts });
  }
  scope.close();
}

/**
 * Answers what is on its way, and closes those connections: `shutdown` closes each one that is waiting for its next
 * request, although that may have arrived. Without this every one of 64 busy viewers was left without an answer.
 */
async function sendAway(redirector: Redirector): Promise<void> {
  redirector.sendAway();
  const { counts } = redirector;
  const answered = () => counts.redirected + counts.refused;
  for (let waitedMs = 0; waitedMs < SEND_AWAY_MS_MAX; waitedMs += QUIET_MS) {
    const before = answered();
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    if (answered() === before) return;
  }
}

function fail(error: unknown): void {
  scope.postMessage({ kind: "failed", reason: error instanceof Error ? error.message : String(error) });
  scope.close();
}

scope.onmessage = ({ data }) => {
  try {
    if (data.kind === "serve") serve(data);
    else if (data.kind === "stop") stop().catch(fail);
    else if (serving) serving.redirector.table = data.table;
  } catch (error) {
    fail(error);
  }
};
