import type { FullAnswer } from "./answers.ts";
import { Connection, type Host } from "./connection.ts";
import { fieldsOf, Head, INCOMPLETE, readHead, REFUSED } from "./head.ts";
import { textOf } from "./latin1.ts";
import { LENGTH_REQUIRED, type Refusal } from "./refusals.ts";
import { sendAtOnce, type Stream } from "./stream.ts";

/** A request with all that belongs to it. */
export interface WholeRequest {
  readonly method: string;
  readonly target: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Undefined where there is none; "too long" where it was not read. */
  readonly body: Uint8Array | "too long" | undefined;
  readonly from: Deno.NetAddr;
}

/** An answer that goes on for as long as there is something to tell; the end of the connection ends it. */
export interface OpenAnswer {
  /** As that of a full answer, without a length. */
  readonly head: string;
  /**
   * Tells it: each `send` is one write, and resolves when the client has taken it. Resolves at the end, soon after
   * `gone` says that the client has closed. @throws {Error} A `send` did, because the client is gone.
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
 * Up to here an answer is one write. As two, its body would wait until the client confirms the head, which most put off
 * for 40 ms (Nagle's algorithm and delayed acknowledgements).
 */
const ONE_WRITE_BYTES_MAX = 16_384;

const encoder = new TextEncoder();
const head = new Head();

/** A connection whose requests may have a body, and whose answers may take their time: one after the other. */
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
    if ("follow" in answer) return await this.#follow(answer);
    const text = answer.head + this.ending({ minor, keepsAlive });
    const { body: content } = answer;
    if (typeof content === "string") return await this.#say(text + content);
    if (content.length <= ONE_WRITE_BYTES_MAX) {
      return await this.#sayBytes(joined(encoder.encode(text), content));
    }
    await this.#say(text);
    // As it is: many may be reading the same bytes.
    await this.writeBytes(content);
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

  /** A client that takes no more is closed as one that takes no answer; in between it is this service that is waited for. */
  async #follow({ head, follow }: OpenAnswer): Promise<void> {
    this.isLast = true;
    this.from = this.end;
    await this.#say(head + this.host.endings.closed);
    this.move("answering");
    await follow(async (bytes) => {
      await this.#sayBytes(bytes);
      this.move("answering");
    }, this.#gone());
  }

  /** Resolves when the client has closed; what it still sends is read and thrown away. */
  async #gone(): Promise<void> {
    try {
      while (await this.conn.read(this.buffer) !== null);
    } catch {
      // It closed without a word, or this side did.
    }
  }

  #say(text: string): Promise<void> {
    return this.#sayBytes(encoder.encode(text));
  }

  async #sayBytes(bytes: Uint8Array): Promise<void> {
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
