import type { Endings, FullAnswer } from "./answers.ts";
import { enlarged, lendInput, lendOutput, returnInput, returnOutput } from "./buffers.ts";
import type { Head } from "./head.ts";
import type { Place, Places, Stage } from "./places.ts";
import { HEAD_BYTES_MAX, type Refusal, TIMED_OUT } from "./refusals.ts";
import type { Stream } from "./stream.ts";

/** What a connection needs of the listener that accepted it. */
export interface Host {
  readonly places: Places<Connection>;
  readonly endings: Endings;
  /** Whether each answer from now on is the last one on its connection. */
  readonly isDraining: boolean;
  /** At most a tick late, but cheap to ask. */
  readonly nowMs: number;
  left(connection: Connection): void;
}

/** What a client may send on after the last answer: it is read and thrown away. */
const DISCARDED_BYTES_MAX = 262_144;
/** A connection that waits for its next request keeps no larger buffer. */
const IDLE_BYTES_MAX = 4096;
const LF = 10;

const encoder = new TextEncoder();

/** A client's connection: bytes come in and answers go out, in turns. How a request is answered is the subclass's. */
export abstract class Connection implements Place {
  stage: Stage = "fresh";
  sinceMs = 0;
  before: Place | undefined = undefined;
  after: Place | undefined = undefined;
  readonly conn: Stream;
  protected readonly host: Host;
  /** What was read and is not answered yet lies from `from` to `end`. */
  protected buffer = lendInput();
  protected from = 0;
  protected end = 0;
  /** No request is answered any more. */
  protected isLast = false;
  /** The client may be sending still. */
  protected lingers = false;
  #isClosed = false;

  constructor(conn: Stream, host: Host) {
    this.conn = conn;
    this.host = host;
  }

  /** Whether nothing came of a request that is still to be answered. */
  get isSilent(): boolean {
    return this.stage === "idle" || (this.stage === "fresh" && this.end === 0);
  }

  /**
   * Answers each request that is whole, and leaves what is there of the next one between `from` and `end`. What it
   * returns as text is for the caller to write; undefined: there is nothing to write.
   */
  protected abstract answer(): string | undefined | Promise<void>;

  /** Called when the text of the last answers was handed to the socket. */
  protected handedOver(): void {}

  protected abstract refusal(refusal: Refusal): FullAnswer;

  /**
   * Serves the client to the end. Never rejects. The way of a usual request is all in this one function: each further
   * async function that it went through took 2 % of its processor time.
   */
  async serve(): Promise<void> {
    const { conn } = this;
    try {
      while (!this.isLast) {
        const at = this.#roomAt();
        const count = await conn.read(at === 0 ? this.buffer : this.buffer.subarray(at));
        if (this.isLast) break;
        const isOver = count === null;
        if (isOver && at === 0) break;
        this.end = at + (count ?? 0);
        // What is left at the end is judged once more: it may be too long for a head already.
        if (!isOver && !this.#mayBeWhole(at)) continue;
        const answers = this.answer();
        if (typeof answers !== "string") {
          if (answers !== undefined) await answers;
          if (isOver) break;
          continue;
        }
        this.move("writing");
        const output = lendOutput();
        const { read, written } = encoder.encodeInto(answers, output);
        const bytes = read === answers.length ? output.subarray(0, written) : encoder.encode(answers);
        const writing = conn.write(bytes);
        this.handedOver();
        const sent = await writing;
        if (sent < bytes.length) await this.writeBytes(bytes.subarray(sent));
        returnOutput(output);
        this.rest();
      }
      if (this.isLast && (this.lingers || this.from < this.end)) await this.#linger();
      else if (conn.finish) await conn.finish();
    } catch {
      // The client has gone, or the listener closed the connection while something was waited for.
    }
    // Nothing is read any more: only now can it be another connection's.
    returnInput(this.buffer);
    this.close();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      this.conn.close();
    } catch {
      // One whose TLS handshake failed is closed already.
    }
    this.host.left(this);
  }

  /** Tells a client that its request took too long, and closes. */
  timeOut(): void {
    const text = this.refuse(TIMED_OUT);
    this.move("closing");
    const close = () => this.close();
    this.write(text).then(close, close);
  }

  /** Where in the buffer to read on. */
  #roomAt(): number {
    if (this.from === this.end) this.from = this.end = 0;
    else if (this.end === this.buffer.length) this.#makeRoom();
    return this.end;
  }

  /**
   * Whether a request can have become whole by what was read from `at` on: who sends byte by byte shall not have the
   * same bytes judged again and again.
   */
  #mayBeWhole(at: number): boolean {
    if (this.stage === "idle") this.move("reading");
    if (at === 0 || this.end === this.buffer.length) return true;
    for (; at < this.end; at++) if (this.buffer[at] === LF) return true;
    return false;
  }

  #makeRoom(): void {
    const { buffer, from, end } = this;
    if (from > 0) buffer.copyWithin(0, from, end);
    else {
      this.buffer = enlarged(buffer, HEAD_BYTES_MAX);
      returnInput(buffer);
    }
    this.from = 0;
    this.end = end - from;
  }

  /** What the connection waits for next, after its answers. */
  protected rest(): void {
    if (this.isLast) return;
    if (this.from < this.end) return this.move("reading");
    this.move("idle");
    if (this.buffer.length > IDLE_BYTES_MAX) this.buffer = lendInput();
  }

  /** What ends the head of an answer to this request. Decides whether it is the last one. */
  protected ending({ minor, keepsAlive }: Pick<Head, "minor" | "keepsAlive">): string {
    const { endings, isDraining } = this.host;
    if (!keepsAlive || isDraining) this.isLast = true;
    return this.isLast ? endings.closed : minor === 1 ? endings.open : endings.openOld;
  }

  /** The answer to what can't be read or came too late, and with it the last one. */
  protected refuse(refusal: Refusal): string {
    this.isLast = this.lingers = true;
    const { head, body } = this.refusal(refusal);
    return head + this.host.endings.closed + body;
  }

  /** @throws {Error} The client is gone. */
  protected write(text: string): Promise<void> {
    return this.writeBytes(encoder.encode(text));
  }

  /** @throws {Error} The client is gone. */
  protected async writeBytes(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.conn.write(bytes.subarray(at));
  }

  protected move(stage: Stage): void {
    if (!this.#isClosed) this.host.places.move(this, stage, this.host.nowMs);
  }

  /**
   * Lets the client see the last answer: a connection that is closed with bytes unread is reset, and takes with it
   * what its client has not read yet (RFC 9112, 9.6).
   */
  async #linger(): Promise<void> {
    this.move("closing");
    await this.conn.closeWrite();
    for (let discarded = 0; discarded < DISCARDED_BYTES_MAX;) {
      const count = await this.conn.read(this.buffer);
      if (count === null) return;
      discarded += count;
    }
  }
}
