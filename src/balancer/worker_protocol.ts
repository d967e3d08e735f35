/**
 * What the master and its workers say to each other. A worker posts `loaded`, and is parked. The master posts `serve`;
 * the worker listens, drops every permission and posts `listening`. From then on the master posts `routes` whenever they
 * change, a `certificate` when there is another one, `drain` when the service is about to stop, and at the end `stop`;
 * the worker posts what it has `measured` and `reported` while requests come, and at the end `stopped`.
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
  /** Port 0 takes any free one. `measuring`: whether to post what was measured; `explains`: whether redirects say why. `accessSample`: the part of requests to note, from 0 to 1. */
  | {
    kind: "serve";
    listen: HostPort;
    limits: Limits;
    certificate: Certificate | undefined;
    table: RoutingTable;
    measuring: boolean;
    explains: boolean;
    accessSample: number;
  }
  /** What is to be changed in the table before, as one step: of 20,000 routes to post all would take 0.4 s. */
  | { kind: "routes" } & TableChange
  /** New connections are shown this one; it comes only where there was one before. */
  | { kind: "certificate"; certificate: Certificate }
  /** Go on, but let each answer be the last one on its connection. */
  | { kind: "drain" }
  /** Accept no connection any more, finish what is in flight, and end. */
  | { kind: "stop" };

export type FromWorker =
  /** It waits for `serve`. */
  | { kind: "loaded" }
  /** It accepts connections on this port; `held` names the permissions still there: none. */
  | { kind: "listening"; port: number; held: string[] }
  /** It can't do what was asked; it ends. */
  | { kind: "failed"; reason: string }
  /** Connections can't be accepted, for want of descriptors for example; it goes on trying. */
  | { kind: "accept_failing"; reason: string }
  | { kind: "accept_recovered"; failures: number }
  | { kind: "measured"; measurement: Measurement }
  /** Lines for the access log. */
  | { kind: "noted"; lines: string; count: number }
  /** What was done since the last one; once a second at most, and a last time before `stopped`. */
  | { kind: "reported"; report: WorkReport }
  | { kind: "stopped"; counts: Counts };
