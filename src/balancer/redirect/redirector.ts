import { type Answer, type FullAnswer, textAnswer } from "../../shared/http/answers.ts";
import { statusLine } from "../../shared/http/status.ts";
import { fieldsOf, type Head } from "../../shared/http/head.ts";
import { textOf } from "../../shared/http/latin1.ts";
import { announcesBody, type Responder } from "../../shared/http/pipeline.ts";
import type { Refusal } from "../../shared/http/refusals.ts";
import { sharedMs } from "../../shared/shared_clock.ts";
import type { AccessNotes } from "../access_log/access_notes.ts";
import { choose, destinationIn, reasonIn, turnOfChoice } from "../choose/choice.ts";
import { REASONS } from "../choose/reasons.ts";
import { GET_ONLY, NO_BODY, NO_STEERING, ROOT_ONLY } from "./refusals.ts";
import type { RoutingTable } from "../choose/routing.ts";
import { steeringManifest } from "./steering.ts";
import { findVideo, locationOf, type Refusal as VideoRefusal, type Video, videoIn } from "./target.ts";
import { Work } from "../counts/work.ts";

/** A worker's answers since its start, by kind. */
export interface Counts {
  /** Redirects, including those of HEAD requests. */
  redirected: number;
  /** Answers with status 4xx or 505. */
  refused: number;
}

/**
 * Players fetch playlists across origins (CORS). A cached 301 would keep a viewer at its first destination.
 */
const REDIRECT_FIELDS =
  "\r\ncache-control: no-store\r\naccess-control-allow-origin: *\r\ncontent-length: 0\r\n";
const ANY_ORIGIN = "access-control-allow-origin: *";
const ALLOW = "allow: GET, HEAD, OPTIONS";

const STEERING = "/steering/";

/** A list of header field names, as in `access-control-request-headers`. */
const FIELD_NAMES = /^[\w!#$%&'*+.^`|~-]+(?:[ \t]*,[ \t]*[\w!#$%&'*+.^`|~-]+)*$/;
const FIELD_NAMES_CHARS_MAX = 1024;

export interface RedirectorOptions {
  readonly work?: Work;
  /** Whether a redirect names its destination and the reason in the field `x-sluice`. */
  readonly explains?: boolean;
  /** Takes notes for the access log; undefined: there is none. */
  readonly notes?: AccessNotes | undefined;
}

/** Answers viewers' requests from the newest routing table. Does no I/O and never throws. */
export class Redirector implements Responder {
  /** The table that requests are answered from. */
  table: RoutingTable;
  /**
   * Whether the service is about to stop. `/readyz` then answers 503, so that load balancers send no new
   * viewers.
   */
  isStopping = false;
  readonly counts: Counts = { redirected: 0, refused: 0 };
  readonly #work: Work;
  readonly #explains: boolean;
  readonly #notes: AccessNotes | undefined;
  /** The target of the current request; undefined: it could not be read. */
  #requestTarget: string | undefined;

  constructor(table: RoutingTable, { work = new Work(), explains = false, notes }: RedirectorOptions = {}) {
    this.table = table;
    this.#work = work;
    this.#explains = explains;
    this.#notes = notes;
  }

  answer(bytes: Uint8Array, head: Head): Answer {
    const target = this.#requestTarget = pathAndQuery(textOf(bytes, head.targetStart, head.targetEnd));
    const isGet = isMethod(bytes, head, "GET");
    const isHead = !isGet && isMethod(bytes, head, "HEAD");
    if (!isAtRoot(target)) return this.#answerOtherPath(target, bytes, head, isGet || isHead, isHead);
    if (!isGet && !isHead) {
      if (isMethod(bytes, head, "OPTIONS")) return this.#preflight(bytes, head);
      return this.#refuse(GET_ONLY, [ALLOW]);
    }
    if (announcesBody(head)) return this.#refuse(NO_BODY, [], isHead);
    const video = find(target.slice(2), this.table);
    if ("reason" in video) return this.#refuse(video, [], isHead);
    this.counts.redirected++;
    const choice = choose(video, isGet, sharedMs);
    this.#work.tally.count(video.target, choice);
    this.#notes?.redirected(video.target.status, video, choice, turnOfChoice);
    const location = video.target.head + locationOf(video, destinationIn(choice)) + REDIRECT_FIELDS;
    return this.#explains ? location + explanation(video, choice) : location;
  }

  /** @param bytes the length of the answer */
  answered(bytes: number): void {
    this.#notes?.answered(bytes);
  }

  /** A request did not arrive completely in time, and was answered with 408. */
  timedOut(): void {
    this.#notes?.handedOver();
  }

  refuse(refusal: Refusal): FullAnswer {
    this.#requestTarget = undefined;
    return this.#refuse(refusal);
  }

  /** Answers requests for other paths than `/`: preflights, steering and health; all others are refused. */
  #answerOtherPath(target: string, bytes: Uint8Array, head: Head, isRead: boolean, isHead: boolean): Answer {
    if (target === "*" && isMethod(bytes, head, "OPTIONS")) return this.#preflight(bytes, head);
    const [path = "", query = ""] = target.split(/\?(.*)/s);
    if (path.startsWith(STEERING)) return this.#steer(path.slice(STEERING.length), query, isRead, isHead);
    if (path !== "/healthz" && path !== "/readyz") return this.#refuse(ROOT_ONLY, [], isHead);
    if (!isRead) return this.#refuse(GET_ONLY, ["allow: GET, HEAD"]);
    const [status, word] = path === "/healthz"
      ? [200, "alive"] as const
      : this.isStopping
      ? [503, "stopping"] as const
      : [200, "ready"] as const;
    this.#work.answered(status);
    return textAnswer(status, word, [ANY_ORIGIN], isHead);
  }

  /**
   * Answers a player's request for a steering manifest. A player asks at intervals and must get a manifest
   * each time: an error status ends its steering for good.
   */
  #steer(cluster: string, query: string, isRead: boolean, isHead: boolean): Answer {
    if (!isRead) return this.#refuse(GET_ONLY, ["allow: GET, HEAD"]);
    const target = this.table.get(cluster.toLowerCase());
    if (!target?.isEnabled) return this.#refuse(NO_STEERING, [], isHead);
    this.#work.answered(200);
    const body = JSON.stringify(steeringManifest(target, query, !isHead));
    const fields = [
      "content-type: application/json",
      "cache-control: no-store",
      ANY_ORIGIN,
      `content-length: ${body.length}`,
    ];
    const head = statusLine(200) + fields.map((field) => `${field}\r\n`).join("");
    return { head, body: isHead ? "" : body };
  }

  #preflight(bytes: Uint8Array, head: Head): Answer {
    this.#work.answered(204);
    return preflight(bytes, head);
  }

  #refuse(refusal: Refusal, fields: readonly string[] = [], isHead = false): FullAnswer {
    const { status, reason } = refusal;
    this.counts.refused++;
    this.#work.refused(refusal);
    this.#notes?.refused(status, reason, this.#requestTarget);
    return textAnswer(status, reason, [ANY_ORIGIN, ...fields], isHead);
  }
}

/**
 * The path and query of a request target. In a target that is a whole URL, scheme and authority are ignored.
 */
function pathAndQuery(target: string): string {
  const scheme = target.startsWith("/") ? -1 : target.indexOf("://");
  if (scheme < 0) return target;
  const rest = target.slice(scheme + "://".length).replace(/^[^/?]*/, "");
  return rest.startsWith("/") ? rest : `/${rest}`;
}

const isAtRoot = (target: string): boolean => target === "/" || target.startsWith("/?");

function isMethod(bytes: Uint8Array, { methodStart, methodEnd }: Head, method: string): boolean {
  if (methodEnd - methodStart !== method.length) return false;
  for (let i = 0; i < method.length; i++) if (bytes[methodStart + i] !== method.charCodeAt(i)) return false;
  return true;
}

/**
 * Answers a CORS preflight (Fetch, "CORS-preflight request"): pages of any origin may send any header field.
 * Some players send fields of their own, and fail if the preflight does not allow them.
 */
function preflight(bytes: Uint8Array, head: Head): Answer {
  const [, asked = ""] =
    fieldsOf(bytes, head).find(([name]) => name.toLowerCase() === "access-control-request-headers") ?? [];
  const isList = asked.length <= FIELD_NAMES_CHARS_MAX && FIELD_NAMES.test(asked);
  const fields = [
    ALLOW,
    ANY_ORIGIN,
    "access-control-allow-methods: GET, HEAD",
    ...isList ? [`access-control-allow-headers: ${asked}`, "vary: access-control-request-headers"] : [],
    "access-control-max-age: 86400",
  ];
  return statusLine(204) + fields.map((field) => `${field}\r\n`).join("");
}

const explanation = ({ target }: Video, choice: number): string =>
  `x-sluice: target=${target.destinations[destinationIn(choice)]!.name}; reason=${
    REASONS[reasonIn(choice)]
  }\r\n`;

function find(query: string, table: RoutingTable): Video | VideoRefusal {
  const url = videoIn(query);
  return typeof url === "string" ? findVideo(url, table) : url;
}
