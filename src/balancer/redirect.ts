import { hostOf, redirectTo } from "./deno_http.ts";
import type { RoutingTable } from "./routing.ts";
import { findVideo, locationOf, type Refusal, type Video, videoIn } from "./target.ts";

/** The answers of a worker, by kind. */
export interface Counts {
  /** Redirects, those of HEAD included. */
  redirected: number;
  /** Answers of 4xx. */
  refused: number;
}

const TEXT_HEADERS = {
  "content-type": "text/plain; charset=utf-8",
  "cache-control": "no-store",
  "access-control-allow-origin": "*",
  "x-content-type-options": "nosniff",
};

const ROOT_ONLY = "Nothing is here: ask for /?video=URL";
const GET_ONLY = "Use GET or HEAD";
const BAD_HOST = "The header Host is not one of a host";

/** Answers the requests of viewers from the newest routing table. Does no I/O and never throws. */
export class Redirector {
  /** What the requests from now on are answered from. */
  table: RoutingTable;
  readonly counts: Counts = { redirected: 0, refused: 0 };

  #isLast = false;

  constructor(table: RoutingTable) {
    this.table = table;
  }

  /** A property, to be handed to `Deno.serve` as it is. */
  readonly answer = (request: Request): Response => {
    const response = this.#answer(request);
    if (this.#isLast) response.headers.set("connection", "close");
    return response;
  };

  /** From now on each answer is the last one on its connection. */
  sendAway(): void {
    this.#isLast = true;
  }

  #answer(request: Request): Response {
    const { method, url } = request;
    // A scheme, the authority and the target, as they came: nothing has been normalized.
    const slash = url.indexOf("/", url.indexOf(":") + "://".length);
    if (url.charAt(slash + 1) !== "?" && slash !== url.length - 1) return this.#refuse(404, ROOT_ONLY);
    if (method !== "GET" && method !== "HEAD") return this.#refuse(405, GET_ONLY, { allow: "GET, HEAD" });
    // Deno doesn't look at Host, and one with a slash in it would move the target.
    if (!hasPlainHost(request)) return this.#refuse(400, BAD_HOST);
    const video = find(url.slice(slash + 2), this.table);
    if ("reason" in video) return this.#refuse(video.status, video.reason);
    this.counts.redirected++;
    const { turns } = video.target;
    const turn = 1n + (method === "GET" ? Atomics.add(turns, 0, 1n) : Atomics.load(turns, 0));
    return redirectTo(locationOf(video, turn));
  }

  #refuse(status: number, reason: string, headers: Record<string, string> = {}): Response {
    this.counts.refused++;
    return new Response(`${reason}\n`, { status, headers: { ...TEXT_HEADERS, ...headers } });
  }
}

function find(query: string, table: RoutingTable): Video | Refusal {
  const url = videoIn(query);
  return typeof url === "string" ? findVideo(url, table) : url;
}

function hasPlainHost(request: Request): boolean {
  const host = hostOf(request);
  return host === null || !/[/?#]/.test(host);
}
