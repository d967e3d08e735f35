/**
 * The admin thread: it tells others of the service, by what it reads in shared memory. It talks to strangers, so it
 * holds no permission of any kind once it listens, and is sent nothing after that.
 *
 * @module
 */
import { EventStreams } from "../../shared/http/event_streams.ts";
import { Exchange } from "../../shared/http/exchange.ts";
import { HttpListener, REAL_CLOCK } from "../../shared/http/listener.ts";
import type { Patience } from "../../shared/http/places.ts";
import { dropAllPermissions } from "../../shared/process/process.ts";
import { BoardReader } from "./board.ts";
import { pageFiles } from "./files.ts";
import type { FromAdmin, ToAdmin } from "./messages.ts";
import { adminResponder, currentStatus } from "./responder.ts";

/** A page, a scraper, a probe and their proxies take a handful. */
const CONNECTIONS_MAX = 64;
/** Fewer than connections, so that open pages never keep a scraper out. */
const STREAMS_MAX = 24;
const STREAM_INTERVAL_MS = 1000;
/** A stream that nobody reads fills 100 KB of the kernel's memory in that time. */
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
  // The two threads' clocks begin at different moments. A message takes a few ms, by which an age is told too small.
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
    scope.postMessage({ kind: "failed", reason: error instanceof Error ? error.message : String(error) });
  }
};
