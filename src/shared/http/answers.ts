/**
 * Answers as they are sent. A handler makes the status line and its own fields. The connection adds the
 * fields that depend on the connection and on the time.
 *
 * @module
 */
import { statusLine } from "./status.ts";

/** An answer without a body, up to the CR LF of its last field; with `content-length: 0` where needed. */
export type BareAnswer = string;

/** An answer with a body; or an answer to HEAD, with the `content-length` of the body that it leaves out. */
export interface FullAnswer<Body extends string | Uint8Array = string> {
  /** Like a {@linkcode BareAnswer}, with the `content-length` of the body. */
  readonly head: string;
  readonly body: Body;
}

export type Answer = BareAnswer | FullAnswer;

/** Makes an answer of one line of plain text. It forbids caching, and guesses at the content type. */
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

/** The end of a head: the date, the fields that depend on the connection, and the empty line. */
export class Endings {
  /** For a connection that stays open, which is the default in HTTP/1.1. */
  open = "";
  /** For an HTTP/1.0 connection that stays open: there `keep-alive` has to be said. */
  openOld = "";
  /** For the last answer on a connection. */
  closed = "";
  #seconds = NaN;

  /** Sets the date of all further answers (RFC 9110, 6.6.1). */
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
