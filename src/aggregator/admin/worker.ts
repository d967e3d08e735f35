/**
 * The admin thread serves the metrics, the health checks and the page. It reads all numbers from shared
 * memory. Because it talks to strangers, it holds no permission once it listens, and gets no more messages
 * from the master.
 *
 * @module
 */
import { EventStreams } from "../../shared/http/event_streams.ts";
import { Exchange } from "../../shared/http/exchange.ts";
import { HttpListener } from "../../shared/http/listener.ts";
import { REAL_CLOCK } from "../../shared/clock.ts";
import type { Patience } from "../../shared/http/places.ts";
import { dropAllPermissions } from "../../shared/process/process.ts";
import { BoardReader } from "./board.ts";
import { pageFiles } from "./files.ts";
import type { FromAdmin, ToAdmin } from "./messages.ts";
import { adminResponder, currentStatus } from "./responder.ts";
import { messageOf } from "../../shared/error_message.ts";

/** Pages, a scraper, a health check and their proxies need only a handful. */
const CONNECTIONS_MAX = 64;
/** Fewer than connections, so that open pages never lock out a scraper. */
const STREAMS_MAX = 24;
const STREAM_INTERVAL_MS = 1000;
/** In this time a stream whose client does not read fills 100 KB of kernel memory. */
const STREAM_LIFETIME_MS = 5 * 60_000;
const PATIENCE: Patience = {
  fresh: 5000,
  reading: 5000,
  idle: 60_000,
  answering: Infinity,
  writing: 5000,
  closing: 2000,
};

interface WorkerScope {
  onmessage: ((event: MessageEvent<ToAdmin>) => void) | null;
  postMessage(message: FromAdmin): void;
}

const scope = self as unknown as WorkerScope;

function serve({ hostname, port, memory, facts, nowMs: sentMs }: ToAdmin): void {
  // performance.now() has another origin in each thread, so the master sends its reading. The message takes a
  // few ms, by which all ages are too small.
  const offsetMs = performance.now() - sentMs;
  const nowMs = () => performance.now() - offsetMs;
  const board = new BoardReader(memory);
  const acceptor = Deno.listen({ hostname, port });
  const held = dropAllPermissions();
  const streams = new EventStreams({
    streamsMax: STREAMS_MAX,
    intervalMs: STREAM_INTERVAL_MS,
    lifetimeMs: STREAM_LIFETIME_MS,
    message: () => currentStatus({ board, facts, nowMs }),
    setTimer: REAL_CLOCK.setTimer,
  });
  const responder = adminResponder({ board, facts, files: pageFiles(), streams, nowMs });
  const listener = new HttpListener({
    acceptor,
    connectionsMax: CONNECTIONS_MAX,
    patience: PATIENCE,
    clock: REAL_CLOCK,
    connect: (conn, host) => new Exchange(conn, host, responder),
    events: {
      acceptFailing: (detail) => scope.postMessage({ kind: "accept", failing: true, detail }),
      acceptRecovered: (detail) => scope.postMessage({ kind: "accept", failing: false, detail }),
    },
  });
  scope.postMessage({ kind: "listening", port: listener.port, held });
}

scope.onmessage = ({ data }) => {
  try {
    serve(data);
  } catch (error) {
    scope.postMessage({ kind: "failed", reason: messageOf(error) });
  }
};
