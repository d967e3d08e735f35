/**
 * The messages between the master and its workers.
 *
 * A worker posts `loaded` and then waits as a spare worker. On `serve` it listens, drops every permission and
 * posts `listening`. From then on the master posts `routes` after each change of routes, `certificate` after
 * each reload, `drain` when the service is about to stop, and finally `stop`. While requests come, the worker
 * posts `measured`, `noted` and `reported`; finally it posts `stopped`.
 *
 * @module
 */
import type { HostPort } from "../shared/flags/flags.ts";
import type { Certificate } from "../shared/http/tls.ts";
import type { Limits } from "./front/limits.ts";
import type { Measurement } from "./counts/meter.ts";
import type { Counts } from "./redirect/redirector.ts";
import type { RoutingTable, TableChange } from "./choose/routing.ts";
import type { WorkReport } from "./counts/work_report.ts";

export type ToWorker =
  | {
    kind: "serve";
    /** Port 0 means any free port. */
    listen: HostPort;
    limits: Limits;
    /** Undefined: TLS is off. */
    certificate: Certificate | undefined;
    table: RoutingTable;
    /** Whether to post `measured`. */
    measuring: boolean;
    /** Whether redirects name their destination and the reason. */
    explains: boolean;
    /** The fraction of requests to note for the access log, from 0 to 1. */
    accessSample: number;
  }
  /**
   * The change of the table, applied as one step. Measured once: to post all of 20,000 routes takes 0.4 s.
   */
  | { kind: "routes" } & TableChange
  /** The certificate for new connections; posted only if TLS is on. */
  | { kind: "certificate"; certificate: Certificate }
  /** Keep serving, but close each connection after its next answer. */
  | { kind: "drain" }
  /** Accept no more connections, finish the requests in flight, and end. */
  | { kind: "stop" };

export type FromWorker =
  /** The worker waits for `serve`. */
  | { kind: "loaded" }
  /**
   * The worker accepts connections on this port. `held` names the permissions it could not drop: normally
   * none.
   */
  | { kind: "listening"; port: number; held: string[] }
  /** The worker failed, and ends. */
  | { kind: "failed"; reason: string }
  /**
   * Connections can't be accepted, for example because the process is out of descriptors. The worker keeps
   * trying.
   */
  | { kind: "accept_failing"; reason: string }
  /** Connections are accepted again, after so many failures. */
  | { kind: "accept_recovered"; failures: number }
  /** Latencies for the aggregator. */
  | { kind: "measured"; measurement: Measurement }
  /** Lines for the access log. */
  | { kind: "noted"; lines: string; count: number }
  /** The work since the last report. Posted at most once a second, and once more before `stopped`. */
  | { kind: "reported"; report: WorkReport }
  /** The worker has finished; its answers since the start. */
  | { kind: "stopped"; counts: Counts };
