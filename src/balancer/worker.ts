import { HttpListener } from "../shared/http/listener.ts";
import { REAL_CLOCK } from "../shared/clock.ts";
import { Pipeline } from "../shared/http/pipeline.ts";
import { type Certificate, tlsContext, TlsStream } from "../shared/http/tls.ts";
import { dropAllPermissions } from "../shared/process/process.ts";
import { AccessNotes } from "./access_log/access_notes.ts";
import { AddressAdmission } from "./front/address_limit.ts";
import type { FromWorker, ToWorker } from "./worker_protocol.ts";
import { Meter } from "./counts/meter.ts";
import { Redirector } from "./redirect/redirector.ts";
import { changedTable } from "./choose/routing.ts";
import { Stopwatch } from "./counts/stopwatch.ts";
import { Work } from "./counts/work.ts";
import { Reporter } from "./counts/work_report.ts";
import { messageOf } from "../shared/error_message.ts";

/** The parts of a worker's global scope that are used here. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker): void;
  close(): void;
}

type Serve = ToWorker & { kind: "serve" };

const scope = self as unknown as WorkerScope;

/** The TLS context of new connections; undefined: TLS is off. */
let secureContext: ReturnType<typeof tlsContext> | undefined;
/** The parts that serve viewers; undefined before `serve`. */
let serving: {
  listener: HttpListener;
  redirector: Redirector;
  meter: Meter;
  reporter: Reporter;
  notes: AccessNotes | undefined;
} | undefined;

function serve({ listen, limits, certificate, table, measuring, explains, accessSample }: Serve): void {
  const work = new Work();
  const notes = accessSample > 0 ? accessNotes(accessSample) : undefined;
  const redirector = new Redirector(table, { work, explains, notes });
  const meter = new Meter((measurement) => scope.postMessage({ kind: "measured", measurement }));
  const measure = new Stopwatch(work, { meter: measuring ? meter : undefined, notes });
  const { connectionsMax, patience, perAddress } = limits;
  if (certificate) certify(certificate);
  // The kernel distributes connections over all listeners on the address, even those of another process of
  // this user.
  const acceptor = Deno.listen({ ...listen, reusePort: true, tcpBacklog: BACKLOG });
  // This thread reads bytes from strangers, so from here on it holds no permission at all.
  const held = dropAllPermissions();
  const listener = new HttpListener({
    acceptor,
    connectionsMax,
    patience,
    ...perAddress ? { admission: new AddressAdmission(perAddress) } : {},
    connect: (conn, host) =>
      new Pipeline(secureContext ? new TlsStream(conn, secureContext) : conn, host, redirector, measure),
    clock: REAL_CLOCK,
    events: {
      acceptFailing(reason) {
        reporter.wake();
        scope.postMessage({ kind: "accept_failing", reason });
      },
      acceptRecovered: (failures) => scope.postMessage({ kind: "accept_recovered", failures }),
      accepted: () => reporter.wake(),
    },
  });
  const reporter = new Reporter({
    work,
    connections: () => listener.counts,
    open: () => listener.places.size,
    post: (report) => scope.postMessage({ kind: "reported", report }),
    setTimer: REAL_CLOCK.setTimer,
  });
  serving = { listener, redirector, meter, reporter, notes };
  scope.postMessage({ kind: "listening", port: listener.port, held });
}

function accessNotes(sample: number): AccessNotes {
  return new AccessNotes({
    sample,
    handOver: (lines, count) => scope.postMessage({ kind: "noted", lines, count }),
    clock: REAL_CLOCK,
  });
}

function certify(certificate: Certificate): void {
  secureContext = tlsContext(certificate);
}

/**
 * The most connections that wait to be accepted. The kernel caps it at `net.core.somaxconn`, by default 4096.
 */
const BACKLOG = 4096;

function drain(): void {
  serving?.listener.drain();
  if (serving) serving.redirector.isStopping = true;
}

async function stop(): Promise<void> {
  if (serving) {
    const { listener, redirector, meter, reporter, notes } = serving;
    drain();
    await listener.stop();
    meter.flush();
    reporter.flush();
    notes?.flush();
    scope.postMessage({ kind: "stopped", counts: redirector.counts });
  }
  scope.close();
}

function fail(error: unknown): void {
  scope.postMessage({ kind: "failed", reason: messageOf(error) });
  scope.close();
}

scope.onmessage = ({ data }) => {
  try {
    if (data.kind === "serve") serve(data);
    else if (data.kind === "stop") stop().catch(fail);
    else if (data.kind === "drain") drain();
    else if (data.kind === "certificate") certify(data.certificate);
    else if (serving) serving.redirector.table = changedTable(serving.redirector.table, data);
  } catch (error) {
    fail(error);
  }
};
scope.postMessage({ kind: "loaded" });
