import type { Answer, FullAnswer } from "./answers.ts";
import { Connection, type Host } from "./connection.ts";
import { Head, INCOMPLETE, readHead, REFUSED } from "./head.ts";
import type { Refusal } from "./refusals.ts";
import type { Stream } from "./stream.ts";

/** Answers requests without a body, synchronously. None of the functions may throw. */
export interface Responder {
  /** `bytes` and `head` are valid until this returns. A body that the head announces is not read. */
  answer(bytes: Uint8Array, head: Head): Answer;
  refuse(refusal: Refusal): FullAnswer;
  /** Called with the length of each answer in bytes. */
  answered?(bytes: number): void;
  /** Called after the refusal of a request that took too long. It is not reported to {@linkcode Measure}. */
  timedOut?(): void;
}

/** Measures the time of answers. Requests that arrive together are measured together. */
export interface Measure {
  /**
   * Called when requests have arrived. Returns the time, or -1 not to time these requests. Measured once: two
   * reads of the clock may cost 5 % of the CPU time of a redirect.
   */
  begin(): number;
  /**
   * Called when the answers have been handed to the socket.
   *
   * @param beganMs the result of `begin`
   */
  end(requests: number, beganMs: number): void;
}

/** Shared by all connections: a head is parsed and used before anything is awaited. */
const head = new Head();

/** Whether a body follows the head. */
export const announcesBody = ({ contentLength, hasTransferEncoding }: Head): boolean =>
  contentLength > 0 || hasTransferEncoding;

/** A connection for requests without a body. Requests that arrive together are answered in one write. */
export class Pipeline extends Connection {
  readonly #responder: Responder;
  readonly #measure: Measure | undefined;
  #startMs = 0;
  #requests = 0;

  constructor(conn: Stream, host: Host, responder: Responder, measure?: Measure) {
    super(conn, host);
    this.#responder = responder;
    this.#measure = measure;
  }

  protected override refusal(refusal: Refusal): FullAnswer {
    return this.#responder.refuse(refusal);
  }

  protected override answer(): string | undefined {
    if (this.#measure) this.#startMs = this.#measure.begin();
    let text = "";
    let requests = 0;
    while (!this.isLast && this.from < this.end) {
      const reading = readHead(this.buffer, this.from, this.end, head);
      if (reading === INCOMPLETE) break;
      requests++;
      text += reading === REFUSED ? this.refuse(head.refusal!) : this.#counted(this.#answerHead());
    }
    this.#requests = requests;
    return requests === 0 ? undefined : text;
  }

  protected override handedOver(): void {
    this.#measure?.end(this.#requests, this.#startMs);
  }

  protected override refuse(refusal: Refusal): string {
    return this.#counted(super.refuse(refusal));
  }

  override timeOut(): void {
    super.timeOut();
    this.#responder.timedOut?.();
  }

  #counted(answer: string): string {
    // Answers are ASCII: each character is a byte.
    this.#responder.answered?.(answer.length);
    return answer;
  }

  #answerHead(): string {
    this.from = head.end;
    // The body is not read, and would be parsed as the next request. So this request is the last one.
    if (announcesBody(head)) this.isLast = this.lingers = true;
    const answer = this.#responder.answer(this.buffer, head);
    const ending = this.ending(head);
    return typeof answer === "string" ? answer + ending : answer.head + ending + answer.body;
  }
}
