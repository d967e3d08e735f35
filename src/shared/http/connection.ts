import type { Endings, FullAnswer } from "./answers.ts";
import { enlarged, lendInput, lendOutput, returnInput, returnOutput } from "./buffers.ts";
import type { Head } from "./head.ts";
import type { Place, Places, Stage } from "./places.ts";
import { HEAD_BYTES_MAX, type Refusal, TIMED_OUT } from "./refusals.ts";
import type { Stream } from "./stream.ts";

/** What a connection needs from the listener that accepted it. */
export interface Host {
  readonly places: Places<Connection>;
  readonly endings: Endings;
  /** Whether each further answer is the last one on its connection. */
  readonly isDraining: boolean;
  /** The listener's time. Up to a tick old, but cheaper than reading the clock. */
  readonly nowMs: number;
  /** Called once the connection is closed. */
  left(connection: Connection): void;
}

/** The most bytes to read and discard after the last answer. */
const DISCARDED_BYTES_MAX = 262_144;
/** An idle connection gives up a larger buffer. */
const IDLE_BYTES_MAX = 4096;
const LF = 10;

const encoder = new TextEncoder();

/** A client's connection: reads requests and writes answers, in turn. Subclasses make the answers. */
export abstract class Connection implements Place {
  stage: Stage = "fresh";
  sinceMs = 0;
  before: Place | undefined = undefined;
  after: Place | undefined = undefined;
  readonly conn: Stream;
  protected readonly host: Host;
  /** The input. The bytes from `from` to `end` have been read, but not answered. */
  protected buffer = lendInput();
  protected from = 0;
  protected end = 0;
  /** Whether the last answer was made: no further request is answered. */
  protected isLast = false;
  /** Whether the client may still be sending, so that the rest has to be read before the close. */
  protected lingers = false;
  #isClosed = false;

  constructor(conn: Stream, host: Host) {
    this.conn = conn;
    this.host = host;
  }

  /** Whether no part of a further request has arrived. */
  get isSilent(): boolean {
    return this.stage === "idle" || (this.stage === "fresh" && this.end === 0);
  }

  /**
   * Answers every complete request, and leaves the beginning of an incomplete one between `from` and `end`. A
   * text that it returns is written by the caller; undefined: there is nothing to write.
   */
  protected abstract answer(): string | undefined | Promise<void>;

  /** Called when the text that {@linkcode answer} returned has been handed to the socket. */
  protected handedOver(): void {}

  protected abstract refusal(refusal: Refusal): FullAnswer;

  /**
   * Serves the client until the connection ends. Never rejects. The hot path is a single async function.
   * Measured once: each further async function takes 2 % of the CPU time of a request.
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
        // At the end of the input the rest is parsed once more, since it may have to be refused.
        if (!isOver && !this.#mayBeComplete(at)) continue;
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
      // The client is gone, or the listener has closed the connection.
    }
    // No read is pending any more, so the buffer may go to another connection.
    returnInput(this.buffer);
    this.close();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      this.conn.close();
    } catch {
      // After a failed TLS handshake the connection is closed already.
    }
    this.host.left(this);
  }

  /** Answers that the request took too long, and closes. */
  timeOut(): void {
    const text = this.refuse(TIMED_OUT);
    this.move("closing");
    const close = () => this.close();
    this.write(text).then(close, close);
  }

  /** Makes room in the buffer. Returns the offset to read to. */
  #roomAt(): number {
    if (this.from === this.end) this.from = this.end = 0;
    else if (this.end === this.buffer.length) this.#makeRoom();
    return this.end;
  }

  /**
   * Whether the bytes from `at` on may have completed a request. Without this check, a client that sends byte
   * by byte would have the same bytes parsed again and again.
   */
  #mayBeComplete(at: number): boolean {
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

  /** Enters the stage that follows the answers. */
  protected rest(): void {
    if (this.isLast) return;
    if (this.from < this.end) return this.move("reading");
    this.move("idle");
    if (this.buffer.length > IDLE_BYTES_MAX) this.buffer = lendInput();
  }

  /** Returns the end of the head of an answer, and decides whether the answer is the last one. */
  protected ending({ minor, keepsAlive }: Pick<Head, "minor" | "keepsAlive">): string {
    const { endings, isDraining } = this.host;
    if (!keepsAlive || isDraining) this.isLast = true;
    return this.isLast ? endings.closed : minor === 1 ? endings.open : endings.openOld;
  }

  /** Returns the answer to a request that is malformed or too late. It is the last answer. */
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
   * Makes sure that the client can read the last answer. Closing a connection with unread input resets it,
   * and the reset can destroy what the client has not read yet (RFC 9112, 9.6).
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
