import { CONTENT_TYPES, formatFor, renderMetrics } from "../../shared/metrics/exposition.ts";
import { type FullAnswer, textAnswer } from "../../shared/http/answers.ts";
import type { EventStreams } from "../../shared/http/event_streams.ts";
import type { ExchangeAnswer, SlowResponder, WholeRequest } from "../../shared/http/exchange.ts";
import { statusLine } from "../../shared/http/status.ts";
import { fullAnswerOf, type StaticFile } from "../../shared/http/static_file.ts";
import { usageOfProcess } from "../../shared/process/process_usage.ts";
import type { BoardReader } from "./board.ts";
import { type Facts, type Moment, momentOf } from "./facts.ts";
import { troublesOf } from "./health.ts";
import { aggregatorMetrics } from "./metrics.ts";
import { statusJson } from "./status.ts";

export interface AdminParts {
  readonly board: BoardReader;
  readonly facts: Facts;
  /** By path. */
  readonly files: ReadonlyMap<string, StaticFile>;
  readonly streams: EventStreams;
  /** Returns the current time in milliseconds of the master's monotonic clock. */
  readonly nowMs: () => number;
}

/** The Retry-After of a 503 when too many event streams are open. */
const RETRY_SECONDS = 30;

/** Returns the status without its history: the content of an event. */
export const currentStatus = ({ board, facts, nowMs }: Omit<AdminParts, "files" | "streams">): string =>
  statusJson(momentOf(board, nowMs()), facts, usageOfProcess());

/** Answers all requests from shared memory, without waiting for another thread. */
export function adminResponder(parts: AdminParts): SlowResponder {
  return {
    bodyBytesMax: 0,
    refuse: ({ status, reason }) => textAnswer(status, reason),
    async answer(request) {
      const { method } = request;
      if (method !== "GET" && method !== "HEAD") {
        return textAnswer(405, "Use GET: nothing can be changed here", ["allow: GET, HEAD"]);
      }
      const answer = await answerTo(request, parts);
      if (method === "GET") return answer;
      return { head: answer.head, body: "" };
    },
  };
}

async function answerTo(request: WholeRequest, parts: AdminParts): Promise<ExchangeAnswer> {
  const { board, facts, files, streams } = parts;
  const [path = "", query] = request.target.replace(/^[a-z]+:\/\/[^/]*/i, "").split("?", 2);
  const file = files.get(path);
  if (file) {
    const wanted = {
      acceptEncoding: fieldOf(request, "accept-encoding"),
      ifNoneMatch: fieldOf(request, "if-none-match"),
    };
    return fullAnswerOf(await file.answer(wanted));
  }
  const moment = () => momentOf(board, parts.nowMs());
  switch (path) {
    case "/metrics":
      return metrics(moment(), facts, fieldOf(request, "accept"));
    case "/healthz":
    case "/readyz":
      return health(moment(), facts, path === "/readyz");
    case "/api/v1/status":
      return json(
        200,
        statusJson(moment(), facts, usageOfProcess(), query === "history=no" ? undefined : board.history()),
      );
    case "/api/v1/events":
      return streams.open() ??
        textAnswer(503, "Too many event streams are open: use /api/v1/status?history=no instead", [
          `retry-after: ${RETRY_SECONDS}`,
        ]);
    default:
      return textAnswer(404, "Use /, /metrics, /healthz, /readyz, /api/v1/status or /api/v1/events");
  }
}

function metrics(moment: Moment, facts: Facts, accept: string | undefined): FullAnswer {
  const format = formatFor(accept);
  const body = renderMetrics(aggregatorMetrics(moment, facts, usageOfProcess()), format);
  return bodyAnswer(200, CONTENT_TYPES[format], body);
}

/** Alive: no fatal trouble. Ready: no trouble at all. */
function health(moment: Moment, facts: Facts, asksWhetherReady: boolean): FullAnswer {
  const troubles = troublesOf(moment, facts).filter(({ isFatal }) => asksWhetherReady || isFatal);
  const reasons = troubles.map(({ code, text }) => ({ code, text }));
  const status = asksWhetherReady ? "ready" : "alive";
  return troubles.length === 0
    ? json(200, JSON.stringify({ status }))
    : json(503, JSON.stringify({ status: `not ${status}`, reasons }));
}

const json = (status: number, body: string): FullAnswer => bodyAnswer(status, "application/json", body);

function bodyAnswer(status: number, contentType: string, body: string): FullAnswer {
  const fields = [
    `content-type: ${contentType}`,
    "cache-control: no-store",
    "cross-origin-resource-policy: same-origin",
    "x-content-type-options: nosniff",
    `content-length: ${new TextEncoder().encode(body).length}`,
  ];
  return { head: statusLine(status) + fields.map((field) => `${field}\r\n`).join(""), body };
}

function fieldOf({ fields }: WholeRequest, wanted: string): string | undefined {
  const values = fields.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(", ");
}
