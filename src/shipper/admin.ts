import { CONTENT_TYPES, type Family, formatFor, renderMetrics } from "../shared/metrics/exposition.ts";
import { type FullAnswer, textAnswer } from "../shared/http/answers.ts";
import { Exchange, type SlowResponder, type WholeRequest } from "../shared/http/exchange.ts";
import { type Acceptor, HttpListener } from "../shared/http/listener.ts";
import type { Clock } from "../shared/clock.ts";
import { statusLine } from "../shared/http/status.ts";

/** Enough for one or two scrapers and an operator. */
const CONNECTIONS_MAX = 8;
const PATIENCE = {
  fresh: 10_000,
  reading: 10_000,
  idle: 60_000,
  answering: Infinity,
  writing: 10_000,
  closing: 1000,
};

/** The state of the shipper that the admin port shows. */
export interface ShipperState {
  metrics(): readonly Family[];
  /** Whether the database answers. */
  readonly isReady: boolean;
}

/** Answers `/metrics`, `/healthz` and `/readyz`, and nothing else. */
export function adminResponder(state: ShipperState): SlowResponder {
  return {
    bodyBytesMax: 0,
    refuse: ({ status, reason }) => textAnswer(status, reason),
    answer: (request) => Promise.resolve(answer(request, state)),
  };
}

function answer({ method, target, fields }: WholeRequest, state: ShipperState): FullAnswer {
  const isHead = method === "HEAD";
  if (!isHead && method !== "GET") return textAnswer(405, "Use GET or HEAD", ["allow: GET, HEAD"]);
  const path = target.split("?")[0];
  if (path === "/healthz") return textAnswer(200, "ok", [], isHead);
  if (path === "/readyz") {
    return state.isReady
      ? textAnswer(200, "ready", [], isHead)
      : textAnswer(503, "The database does not answer: records wait in the file", [], isHead);
  }
  if (path !== "/metrics") return textAnswer(404, "Use /metrics, /healthz or /readyz", [], isHead);
  const [, accept] = fields.find(([name]) => name.toLowerCase() === "accept") ?? [];
  const format = formatFor(accept);
  const body = renderMetrics(state.metrics(), format);
  const head = `${statusLine(200)}content-type: ${CONTENT_TYPES[format]}\r\n` +
    `cache-control: no-store\r\ncontent-length: ${new TextEncoder().encode(body).length}\r\n`;
  return { head, body: isHead ? "" : body };
}

/** Serves the admin port on a listening socket until the listener is stopped. */
export function listenForAdmin(
  acceptor: Acceptor,
  clock: Clock,
  state: ShipperState,
): HttpListener {
  const responder = adminResponder(state);
  return new HttpListener({
    acceptor,
    connectionsMax: CONNECTIONS_MAX,
    patience: PATIENCE,
    connect: (conn, host) => new Exchange(conn, host, responder),
    clock,
    // Not logged: a client that can't connect notices by itself, and shipping goes on without this port.
    events: { acceptFailing() {}, acceptRecovered() {} },
  });
}
