import type { AnyLoad } from "../contest.ts";
import { VIDEOS } from "./traffic.ts";

export interface Load extends AnyLoad {
  readonly connections: number;
  /** Whether a connection serves one request only. */
  readonly newConnections: boolean;
  /** How many clusters are in the routing table. The requests ask for all of them. */
  readonly clusters: number;
  /** How many different URLs are requested, in turn. */
  readonly videos: number;
  /** Whether a second load follows at half the rate, of which only the latency is measured. */
  readonly latency?: true;
}

const keepAlive = (connections: number): Omit<Load, "about"> => ({
  name: `keep-alive-${connections}`,
  connections,
  newConnections: false,
  clusters: 1,
  videos: VIDEOS,
});

export const LOADS: readonly Load[] = [
  { ...keepAlive(1), about: "one connection" },
  { ...keepAlive(64), about: "64 connections", latency: true, usual: true },
  { ...keepAlive(512), about: "512 connections" },
  {
    ...keepAlive(64),
    name: "clusters-1000",
    about: "64 connections, a table of 1,000 clusters instead of one",
    clusters: 1000,
    latency: true,
    usual: true,
  },
  {
    ...keepAlive(64),
    name: "videos-100000",
    about: "64 connections, 100,000 different URLs in turn",
    videos: 100_000,
    latency: true,
  },
  {
    ...keepAlive(64),
    name: "new-connections",
    about: "64 at a time, a new connection for each request",
    newConnections: true,
    usual: true,
  },
];
