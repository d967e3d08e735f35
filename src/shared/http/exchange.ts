import type { FullAnswer } from "./answers.ts";
import { Connection, type Host } from "./connection.ts";
import { fieldsOf, Head, INCOMPLETE, readHead, REFUSED } from "./head.ts";
import { textOf } from "./latin1.ts";
import { LENGTH_REQUIRED, type Refusal } from "./refusals.ts";
import type { Stream } from "./stream.ts";

/** A request with all that belongs to it. */
export interface WholeRequest {
  readonly method: string;
  readonly target: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Undefined where there is none; "too long" where it was not read. */
  readonly body: Uint8Array | "too long" | undefined;
  readonly from: Deno.NetAddr;
}

export interface SlowResponder {
  /** The longest body to read, in bytes. */
  readonly bodyBytesMax: number;
  /** Never rejects. */
  answer(request: WholeRequest): Promise<FullAnswer<string | Uint8Array>>;
  refuse(refusal: Refusal): FullAnswer;
}

const CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n";
const head = new Head();

/** A connection whose requests may have a body, and whose answers may take their time: one after the other. */
export class Exchange extends Connection {
  readonly #responder: SlowResponder;

  constructor(conn: Stream, host: Host, responder: SlowResponder) {
    super(conn, host);
    this.#responder = responder;
  }

  protected override refusal(refusal: Refusal): FullAnswer {
    return this.#responder.refuse(refusal);
  }

  protected override async answer(): Promise<void> {
    let isAnswered = false;
    while (!this.isLast && this.from < this.end) {
      const reading = readHead(this.buffer, this.from, this.end, head);
      if (reading === INCOMPLETE) break;
      isAnswered = true;
      if (reading === REFUSED) await this.#say(this.refuse(head.refusal!));
      else if (head.hasTransferEncoding) await this.#say(this.refuse(LENGTH_REQUIRED));
      else await this.#answerHead();
    }
    if (isAnswered) this.rest();
  }

  async #answerHead(): Promise<void> {
    // Kept: the head is another connection's as soon as something is waited for.
    const {
      minor,
      keepsAlive,
      contentLength,
      expectsContinue,
      methodStart,
      methodEnd,
      targetStart,
      targetEnd,
    } = head;
    const request = {
      method: textOf(this.buffer, methodStart, methodEnd),
      target: textOf(this.buffer, targetStart, targetEnd),
      fields: fieldsOf(this.buffer, head),
      from: this.conn.remoteAddr,
    };
    this.from = head.end;
    const isTooLong = contentLength > this.#responder.bodyBytesMax;
    if (isTooLong) this.isLast = this.lingers = true;
    const body = contentLength <= 0
      ? undefined
      : isTooLong
      ? "too long"
      : await this.#body(contentLength, expectsContinue);
    this.move("answering");
    const answer = await this.#responder.answer({ ...request, body });
    const text = answer.head + this.ending({ minor, keepsAlive });
    if (typeof answer.body === "string") return await this.#say(text + answer.body);
    await this.#say(text);
    await this.writeBytes(answer.body);
  }

  /** @throws {Error} The client ends before its body does. */
  async #body(length: number, expectsContinue: boolean): Promise<Uint8Array> {
    this.move("reading");
    const body = new Uint8Array(length);
    const there = this.buffer.subarray(this.from, Math.min(this.end, this.from + length));
    body.set(there);
    this.from += there.length;
    if (expectsContinue && there.length === 0) await this.write(CONTINUE);
    for (let at = there.length; at < length;) {
      const count = await this.conn.read(body.subarray(at));
      if (count === null || this.isLast) throw new Deno.errors.UnexpectedEof("The body ended early");
      at += count;
    }
    return body;
  }

  async #say(text: string): Promise<void> {
    this.move("writing");
    await this.write(text);
  }
}
