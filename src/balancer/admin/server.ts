/**
 * Connects the admin API to the project's own HTTP listener: makes a `Request` for the app of each request,
 * and sends the app's `Response`.
 *
 * @module
 */
import { type FullAnswer, textAnswer } from "../../shared/http/answers.ts";
import { statusLine } from "../../shared/http/status.ts";
import { EVENTS_TYPE, type EventStreams } from "../../shared/http/event_streams.ts";
import type { SlowResponder, WholeRequest } from "../../shared/http/exchange.ts";
import type { Log } from "../../shared/log.ts";
import { BODY_BYTES_MAX } from "./requests.ts";

/** What the app gets with each request. */
export interface AdminEnv {
  readonly remoteAddr: Deno.NetAddr;
}

export interface AdminApp {
  fetch(request: Request, env: AdminEnv): Response | Promise<Response>;
}

/** Stands for a body that was too long to be read. The app finds it too long, and refuses it. */
const TOO_LONG = new Uint8Array(BODY_BYTES_MAX + 1);

/**
 * The methods that are passed on to the app. `Request` refuses some others, and changes the case of a few.
 */
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** `Retry-After` for a client that can't get an event stream. */
const RETRY_SECONDS = 30;

/**
 * Answers requests by the app.
 *
 * @param streams opens an event stream where the app answers a GET with {@linkcode EVENTS_TYPE}; the app only
 * decides whether the client may have the stream
 */
export function adminResponder(
  app: AdminApp,
  log: Log,
  streams: Pick<EventStreams, "open">,
): SlowResponder;
/** The same without event streams: such a GET is answered with 503. */
export function adminResponder(app: AdminApp, log: Log): SlowResponder<FullAnswer<string | Uint8Array>>;
export function adminResponder(
  app: AdminApp,
  log: Log,
  streams?: Pick<EventStreams, "open">,
): SlowResponder {
  return {
    bodyBytesMax: BODY_BYTES_MAX,
    refuse: ({ status, reason }) => textAnswer(status, reason),
    async answer(request) {
      if (!METHODS.has(request.method)) {
        return textAnswer(405, "Use one of the methods in Allow", [`allow: ${[...METHODS].join(", ")}`]);
      }
      try {
        const response = await app.fetch(requestOf(request), { remoteAddr: request.from });
        if (response.headers.get("content-type") === EVENTS_TYPE && request.method === "GET") {
          return streams?.open() ??
            textAnswer(503, "Too many event streams are open: poll /api/v1/status?history=no", [
              `retry-after: ${RETRY_SECONDS}`,
            ]);
        }
        return await answerOf(response, request.method === "HEAD");
      } catch (error) {
        log.error("admin_failed", `${request.method} ${request.target} failed`, { error });
        return textAnswer(500, "The request failed: look for admin_failed in the log");
      }
    },
  };
}

/** Makes the `Request`. Its URL always has the host localhost; the client's host is in the header `Host`. */
function requestOf({ method, target, fields, body }: WholeRequest): Request {
  // The authority of an absolute URL replaces Host (RFC 9112, 3.2.2).
  const [, authority, rest = target] = /^[^:/?]+:\/\/([^/?]*)(.*)$/.exec(target) ?? [];
  const path = rest.replace(/^(?!\/)/, "/");
  const headers = new Headers(fields.map(([name, value]): [string, string] => [name, value]));
  if (authority !== undefined) headers.set("Host", authority);
  const takesBody = method !== "GET" && method !== "HEAD";
  return new Request(`http://localhost${path}`, {
    // The app gets HEAD as GET, so that the length of the answer is known; the body is left out later.
    method: takesBody ? method : "GET",
    headers,
    ...body && takesBody ? { body: new Uint8Array(body === "too long" ? TOO_LONG : body) } : {},
  });
}

async function answerOf(response: Response, isHead: boolean): Promise<FullAnswer<Uint8Array>> {
  const body = await bytesOf(response.body);
  const hasLength = response.headers.has("content-length") || response.status === 204 ||
    response.status === 304;
  const fields = [...response.headers].map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const length = hasLength ? "" : `content-length: ${body.length}\r\n`;
  return { head: statusLine(response.status) + fields + length, body: isHead ? new Uint8Array(0) : body };
}

/** Reads a body. A single chunk is not copied, so that all answers with the same file share its bytes. */
async function bytesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>> | null): Promise<Uint8Array> {
  const chunks = await Array.fromAsync(stream ?? []);
  return chunks.length === 1 ? chunks[0]! : await new Blob(chunks).bytes();
}
