/**
 * The admin API behind our own listener: a request as it came in becomes a `Request`, and its `Response` what goes out.
 *
 * @module
 */
import { type FullAnswer, textAnswer } from "../../shared/http/answers.ts";
import { statusLine } from "../../shared/http/status.ts";
import { EVENTS_TYPE, type EventStreams } from "../../shared/http/event_streams.ts";
import type { SlowResponder, WholeRequest } from "../../shared/http/exchange.ts";
import type { Log } from "../../shared/log.ts";
import { BODY_BYTES_MAX } from "./requests.ts";

/** What the app is told of a request beside what is in it. */
export interface AdminEnv {
  readonly remoteAddr: Deno.NetAddr;
}

export interface AdminApp {
  fetch(request: Request, env: AdminEnv): Response | Promise<Response>;
}

/** Stands for a body that was too long to be read: the app counts what it reads. */
const TOO_LONG = new Uint8Array(BODY_BYTES_MAX + 1);

/** The methods that a `Request` is made of as they are; it refuses some others, and changes the case of a few. */
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** Who is refused a stream asks again in this many seconds. */
const RETRY_SECONDS = 30;

/** @param streams opened where the app answers with the type of one: what it lets through is theirs to tell */
export function adminResponder(
  app: AdminApp,
  log: Log,
  streams: Pick<EventStreams, "open">,
): SlowResponder;
/** Without streams there are none. */
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
        return textAnswer(405, "Use a method that the API has", [`allow: ${[...METHODS].join(", ")}`]);
      }
      try {
        const response = await app.fetch(requestOf(request), { remoteAddr: request.from });
        if (response.headers.get("content-type") === EVENTS_TYPE && request.method === "GET") {
          return streams?.open() ??
            textAnswer(503, "Enough event streams are open: ask /api/v1/status?history=no", [
              `retry-after: ${RETRY_SECONDS}`,
            ]);
        }
        return await answerOf(response, request.method === "HEAD");
      } catch (error) {
        log.error("admin_failed", `${request.method} ${request.target} failed`, { error });
        return textAnswer(500, "The log says more under admin_failed");
      }
    },
  };
}

/** The URL's own authority means nothing: what the client gave as such is left in the header Host. */
function requestOf({ method, target, fields, body }: WholeRequest): Request {
  // The authority of an absolute URL stands in for Host (RFC 9112, 3.2.2).
  const [, authority, rest = target] = /^[^:/?]+:\/\/([^/?]*)(.*)$/.exec(target) ?? [];
  const path = rest.replace(/^(?!\/)/, "/");
  const headers = new Headers(fields.map(([name, value]): [string, string] => [name, value]));
  if (authority !== undefined) headers.set("Host", authority);
  const takesBody = method !== "GET" && method !== "HEAD";
  return new Request(`http://localhost${path}`, {
    // So that HEAD tells the length of what GET would send, which the app leaves out.
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

/** What comes whole is passed on as it is, not copied: the files of the API's page are the same bytes for all. */
async function bytesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>> | null): Promise<Uint8Array> {
  const chunks = await Array.fromAsync(stream ?? []);
  return chunks.length === 1 ? chunks[0]! : await new Blob(chunks).bytes();
}
