import { CONTENT_TYPES, type Family, formatFor, renderMetrics } from "../shared/metrics/exposition.ts";
import { type FullAnswer, textAnswer } from "../shared/http/answers.ts";
import { Exchange, type SlowResponder, type WholeRequest } from "../shared/http/exchange.ts";
import { type Acceptor, HttpListener, type ListenerClock } from "../shared/http/listener.ts";
import { statusLine } from "../shared/http/status.ts";

/** A scraper or two, and whoever looks for himself. */
const CONNECTIONS_MAX = 8;
const PATIENCE = {
  fresh: 10_000,
  reading: 10_000,
  idle: 60_000,
  answering: Infinity,
  writing: 10_000,
  closing: 1000,
};

/** What the port tells of the shipper. */
export interface Told {
  metrics(): readonly Family[];
  /** The database answers. */
  readonly isReady: boolean;
}

/** Answers `/metrics`, `/healthz` and `/readyz`, and nothing else. */
export function adminResponder(told: Told): SlowResponder {
  return {
    bodyBytesMax: 0,
    refuse: ({ status, reason }) => textAnswer(status, reason),
    answer: (request) => Promise.resolve(answer(request, told)),
  };
}

function answer({ method, target, fields }: WholeRequest, told: Told): FullAnswer {
  const isHead = method === "HEAD";
  if (!isHead && method !== "GET") return textAnswer(405, "Use GET or HEAD", ["allow: GET, HEAD"]);
  const path = target.split("?")[0];
  if (path === "/healthz") return textAnswer(200, "ok", [], isHead);
  if (path === "/readyz") {
    return told.isReady
      ? textAnswer(200, "ready", [], isHead)
      : textAnswer(503, "The database does not answer: the file keeps the records", [], isHead);
  }
  if (path !== "/metrics") return textAnswer(404, "There are /metrics, /healthz and /readyz", [], isHead);
  const [, accept] = fields.find(([name]) => name.toLowerCase() === "accept") ?? [];
  const format = formatFor(accept);
  const body = renderMetrics(told.metrics(), format);
  const head = `${statusLine(200)}content-type: ${CONTENT_TYPES[format]}\r\n` +
    `cache-control: no-store\r\ncontent-length: ${new TextEncoder().encode(body).length}\r\n`;
  return { head, body: isHead ? "" : body };
}

export function listenForAdmin(
  acceptor: Acceptor,
  clock: ListenerClock,
  told: Told,
): HttpListener {
  const responder = adminResponder(told);
  return new HttpListener({
    acceptor,
    connectionsMax: CONNECTIONS_MAX,
    patience: PATIENCE,
    connect: (conn, host) => new Exchange(conn, host, responder),
    clock,
    // Who asks in vain notices; the file is followed all the same.
    events: { acceptFailing() {}, acceptRecovered() {} },
  });
}
