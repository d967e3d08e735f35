/**
 * Answers as they go over the wire. A handler gives the status line and the fields that are its own; what depends on
 * the connection and the time is added here.
 *
 * @module
 */
import { statusLine } from "./status.ts";

/** An answer without a body, up to and with the CR LF of its last field; it says `content-length: 0` itself. */
export type BareAnswer = string;

/** An answer with a body, or an answer to HEAD, whose `content-length` is that of the body it leaves out. */
export interface FullAnswer<Body extends string | Uint8Array = string> {
  /** As a {@linkcode BareAnswer}. */
  readonly head: string;
  readonly body: Body;
}

export type Answer = BareAnswer | FullAnswer;

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
