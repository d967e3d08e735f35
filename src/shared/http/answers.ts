/**
 * Answers as they go over the wire. A handler gives the status line and the fields that are its own; what depends on
 * the connection and the time is added here.
 *
 * @module
 */

/** An answer without a body, up to and with the CR LF of its last field; it says `content-length: 0` itself. */
export type BareAnswer = string;

/** An answer with a body, or an answer to HEAD, whose `content-length` is that of the body it leaves out. */
export interface FullAnswer<Body extends string | Uint8Array = string> {
  /** As a {@linkcode BareAnswer}. */
  readonly head: string;
  readonly body: Body;
}

export type Answer = BareAnswer | FullAnswer;

/** The reasons that RFC 9110 gives the statuses which this project answers with. */
const PHRASES: Readonly<Record<number, string>> = {
  200: "OK",
  201: "Created",
  204: "No Content",
  301: "Moved Permanently",
  304: "Not Modified",
  400: "Bad Request",
  401: "Unauthorized",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  408: "Request Timeout",
  409: "Conflict",
  411: "Length Required",
  412: "Precondition Failed",
  413: "Content Too Large",
  414: "URI Too Long",
  415: "Unsupported Media Type",
  421: "Misdirected Request",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  503: "Service Unavailable",
  505: "HTTP Version Not Supported",
};

/** A status line with its CR LF; the phrase may be empty (RFC 9112, 4). */
export const statusLine = (status: number): string => `HTTP/1.1 ${status} ${PHRASES[status] ?? ""}\r\n`;

/** One line of plain text for a person or a program to read; nobody caches it or takes it for anything else. */
export function textAnswer(
  status: number,
  line: string,
  fields: readonly string[] = [],
  isHead = false,
): FullAnswer {
  const body = `${line}\n`;
  const all = [
    "content-type: text/plain; charset=utf-8",
    "cache-control: no-store",
    "x-content-type-options: nosniff",
    ...fields,
    `content-length: ${body.length}`,
  ];
  return { head: statusLine(status) + all.map((field) => `${field}\r\n`).join(""), body: isHead ? "" : body };
}

/** What ends a head: the fields that are the connection's, and the empty line. */
export class Endings {
  /** On a connection that stays open, as HTTP/1.1 takes for granted. */
  open = "";
  /** The same for a client of HTTP/1.0, which has to be told. */
  openOld = "";
  closed = "";
  #seconds = NaN;

  /** Has the answers from now on carry this time (RFC 9110, 6.6.1). */
  setTime(wallMs: number): void {
    const seconds = Math.floor(wallMs / 1000);
    if (seconds === this.#seconds) return;
    this.#seconds = seconds;
    const date = `date: ${new Date(seconds * 1000).toUTCString()}\r\n`;
    this.open = `${date}\r\n`;
    this.openOld = `${date}connection: keep-alive\r\n\r\n`;
    this.closed = `${date}connection: close\r\n\r\n`;
  }
}
