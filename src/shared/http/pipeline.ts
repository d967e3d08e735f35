import type { Answer, FullAnswer } from "./answers.ts";
import { Connection, type Host } from "./connection.ts";
import { Head, INCOMPLETE, readHead, REFUSED } from "./head.ts";
import type { Refusal } from "./refusals.ts";
import type { Stream } from "./stream.ts";

/** Answers requests without a body, at once. Neither function may throw. */
export interface Responder {
  /** The head lies in these bytes until this returns. A body that it announces is not read. */
  answer(bytes: Uint8Array, head: Head): Answer;
  refuse(refusal: Refusal): FullAnswer;
  /** Is told the length of each answer, in bytes. */
  answered?(bytes: number): void;
  /** Is told that the last answer was one to a client that took too long: it stands alone. */
  timedOut?(): void;
}

/** Is asked when requests came, which may be several together, and told when their answers were in the socket. */
export interface Measure {
  /** The time now, or -1: these are not to be timed. Two looks at the clock may cost 5 % of a redirect. */
  begin(): number;
  /** @param beganMs as `begin` gave it */
  end(requests: number, beganMs: number): void;
}

/** One for all connections: it is read into and done with before anything is waited for. */
const head = new Head();

/** Whether a body comes behind the head. */
export const announcesBody = ({ contentLength, hasTransferEncoding }: Head): boolean =>
  contentLength > 0 || hasTransferEncoding;

/** A connection whose requests have no body: all that came together are answered in one write, in their order. */
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
      text += reading === REFUSED ? this.refuse(head.refusal!) : this.#told(this.#answerHead());
    }
    this.#requests = requests;
    return requests === 0 ? undefined : text;
  }

  protected override handedOver(): void {
    this.#measure?.end(this.#requests, this.#startMs);
  }

  protected override refuse(refusal: Refusal): string {
    return this.#told(super.refuse(refusal));
  }

  override timeOut(): void {
    super.timeOut();
    this.#responder.timedOut?.();
  }

  #told(answer: string): string {
    // Answers are ASCII: their characters are bytes.
    this.#responder.answered?.(answer.length);
    return answer;
  }

  #answerHead(): string {
    this.from = head.end;
    // Its body would be read as the next request, so there is no next one.
    if (announcesBody(head)) this.isLast = this.lingers = true;
    const answer = this.#responder.answer(this.buffer, head);
    const ending = this.ending(head);
    return typeof answer === "string" ? answer + ending : answer.head + ending + answer.body;
  }
}
