import type { FullAnswer } from "./answers.ts";
import { Connection, type Host } from "./connection.ts";
import { fieldsOf, Head, INCOMPLETE, readHead, REFUSED } from "./head.ts";
import { textOf } from "./latin1.ts";
import { LENGTH_REQUIRED, type Refusal } from "./refusals.ts";
import { sendAtOnce, type Stream } from "./stream.ts";

/** A complete request. */
export interface WholeRequest {
  readonly method: string;
  readonly target: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Undefined without a body; "too long" if the body is longer than allowed, and was not read. */
  readonly body: Uint8Array | "too long" | undefined;
  readonly from: Deno.NetAddr;
}

/** An answer without a length, which is sent in parts. The end of the connection ends the answer. */
export interface OpenAnswer {
  /** Like the head of a full answer, but without `content-length`. */
  readonly head: string;
  /**
   * Sends the answer, and resolves at its end. Each `send` is one write, and resolves when the client has
   * taken it. `gone` resolves when the client has closed the connection; the answer has to end soon after.
   *
   * @throws {Error} A `send` failed, because the client is gone.
   */
  follow(send: (bytes: Uint8Array) => Promise<void>, gone: Promise<void>): Promise<void>;
}

export type ExchangeAnswer = FullAnswer<string | Uint8Array> | OpenAnswer;

export interface SlowResponder<A extends ExchangeAnswer = ExchangeAnswer> {
  /** The longest body to read, in bytes. */
  readonly bodyBytesMax: number;
  /** Never rejects. */
  answer(request: WholeRequest): Promise<A>;
  refuse(refusal: Refusal): FullAnswer;
}

const CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n";
/**
 * The longest body that is sent in one write with its head. In two writes the body could wait for the head's
 * acknowledgement, which most clients delay by 40 ms (Nagle's algorithm and delayed acknowledgements).
 */
const ONE_WRITE_BYTES_MAX = 16_384;

const encoder = new TextEncoder();
const head = new Head();

/** A connection for requests that may have a body, and answers that may take time: one after the other. */
export class Exchange extends Connection {
  readonly #responder: SlowResponder;

  constructor(conn: Stream, host: Host, responder: SlowResponder) {
    super(conn, host);
    this.#responder = responder;
    sendAtOnce(conn);
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
      if (reading === REFUSED) await this.#send(this.refuse(head.refusal!));
      else if (head.hasTransferEncoding) await this.#send(this.refuse(LENGTH_REQUIRED));
      else await this.#answerHead();
    }
    if (isAnswered) this.rest();
  }

  async #answerHead(): Promise<void> {
    // Copied, because another connection may use `head` as soon as this one awaits something.
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
    if ("follow" in answer) return await this.#follow(answer);
    const text = answer.head + this.ending({ minor, keepsAlive });
    const { body: content } = answer;
    if (typeof content === "string") return await this.#send(text + content);
    if (content.length <= ONE_WRITE_BYTES_MAX) {
      return await this.#sendBytes(joined(encoder.encode(text), content));
    }
    await this.#send(text);
    // Not copied: many answers may share these bytes.
    await this.writeBytes(content);
  }

  /** Reads the body. @throws {Error} The client closed before the end of the body. */
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

  /**
   * Sends an open answer. During a `send` the connection is in the stage `writing`, so that a client which
   * takes no data is closed. Between two sends it waits for this service.
   */
  async #follow({ head, follow }: OpenAnswer): Promise<void> {
    this.isLast = true;
    this.from = this.end;
    await this.#send(head + this.host.endings.closed);
    this.move("answering");
    await follow(async (bytes) => {
      await this.#sendBytes(bytes);
      this.move("answering");
    }, this.#gone());
  }

  /** Resolves when the client has closed. Discards what the client still sends. */
  async #gone(): Promise<void> {
    try {
      while (await this.conn.read(this.buffer) !== null);
    } catch {
      // The connection was reset, or this side closed it.
    }
  }

  #send(text: string): Promise<void> {
    return this.#sendBytes(encoder.encode(text));
  }

  async #sendBytes(bytes: Uint8Array): Promise<void> {
    this.move("writing");
    await this.writeBytes(bytes);
  }
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}
