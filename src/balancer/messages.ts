/**
 * What the master and its workers say to each other. The master posts `serve`; the worker listens, drops every
 * permission and posts `listening`. From then on the master posts a `table` whenever the routes change, and at the
 * end `stop`; the worker posts what it has `measured` while requests come, and at the end `stopped`.
 *
 * @module
 */
import type { HostPort } from "../shared/flags.ts";
import type { Measurement } from "./metrics.ts";
import type { Counts } from "./redirect.ts";
import type { RoutingTable } from "./routing.ts";

export type ToWorker =
  /** Port 0 takes any free one. `measuring`: whether to post what was measured. */
  | { kind: "serve"; listen: HostPort; table: RoutingTable; measuring: boolean }
  /** Takes the place of the table before, whole. */
  | { kind: "table"; table: RoutingTable }
  /** Accept no connection any more, finish what is in flight, and end. */
  | { kind: "stop" };

export type FromWorker =
  /** It accepts connections on this port; `held` names the permissions still there: none. */
  | { kind: "listening"; port: number; held: string[] }
  /** It can't do what was asked; it ends. */
  | { kind: "failed"; reason: string }
  | { kind: "measured"; measurement: Measurement }
  | { kind: "stopped"; counts: Counts };
