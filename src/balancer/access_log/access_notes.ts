import { type Choice, destinationIn, reasonIn } from "../choose/choice.ts";
import { REASONS } from "../choose/reasons.ts";
import type { Video } from "../redirect/target.ts";

/** Lines that are handed over together: so many characters, or so long after the first, in milliseconds. */
const LINES_CHARS_MAX = 32_768;
export const HAND_OVER_MS = 250;

export interface NotesClock {
  /** Since 1970. */
  wallMs(): number;
  setTimer(callback: () => void, delayMs: number): void;
}

export interface NotesOptions {
  /** The part of all requests that are noted, from 0 to 1. */
  readonly sample: number;
  /** Takes whole lines of JSON, each with its line end. */
  readonly handOver: (lines: string, count: number) => void;
  readonly clock: NotesClock;
  /** From 0 to below 1. */
  readonly random?: () => number;
}

type Fields = Record<string, string | number>;

/**
 * What a worker notes of the requests that it answers: a line of JSON each, without the query, since tokens are there.
 * A request is noted in three steps: what it is answered, how long that is, and when it is in the socket.
 */
export class AccessNotes {
  readonly #options: Required<NotesOptions>;
  /** Of the answers that are not in the socket yet: all of one client, since nothing is waited for meanwhile. */
  #open: Fields[] = [];
  /** Whether the answer whose length comes next is one of the noted ones. */
  #isNoted = false;
  #lines = "";
  #count = 0;

  constructor(options: NotesOptions) {
    this.#options = { random: Math.random, ...options };
  }

  /** @param turn that it took; undefined: the path decided */
  redirected(status: number, video: Video, choice: Choice, turn: bigint | undefined): void {
    if (!this.#samples()) return;
    const { target: { cluster, destinations }, server, path } = video;
    this.#note({
      status,
      cluster,
      target: destinations[destinationIn(choice)]!.name,
      reason: REASONS[reasonIn(choice)],
      ...turn !== undefined && { turn: String(turn) },
      server,
      path: withoutQuery(path),
    });
  }

  /** @param target of the request; undefined: it could not be read */
  refused(status: number, refusal: string, target?: string): void {
    if (this.#samples()) {
      this.#note({ status, refusal, ...target !== undefined && { path: withoutQuery(target) } });
    }
  }

  /** The length of the answer that was noted last, if it was. */
  answered(bytes: number): void {
    if (this.#isNoted) this.#open.at(-1)!.bytes = bytes;
    this.#isNoted = false;
  }

  /**
   * All answers since the last time are in the socket.
   *
   * @param ms since their requests were read; undefined: there was none
   */
  handedOver(ms?: number): void {
    if (this.#open.length === 0) return;
    if (this.#lines === "") this.#options.clock.setTimer(() => this.flush(), HAND_OVER_MS);
    const time = new Date(this.#options.clock.wallMs()).toISOString();
    const us = ms === undefined ? {} : { us: Math.round(ms * 1000) };
    for (const fields of this.#open) this.#lines += `${JSON.stringify({ time, ...fields, ...us })}\n`;
    this.#count += this.#open.length;
    this.#open = [];
    if (this.#lines.length >= LINES_CHARS_MAX) this.flush();
  }

  /** Hands over the lines that there are. */
  flush(): void {
    if (this.#count === 0) return;
    this.#options.handOver(this.#lines, this.#count);
    this.#lines = "";
    this.#count = 0;
  }

  #samples(): boolean {
    this.#isNoted = this.#options.random() < this.#options.sample;
    return this.#isNoted;
  }

  #note(fields: Fields): void {
    this.#open.push(fields);
  }
}

const withoutQuery = (path: string): string => path.replace(/[?#].*$/s, "");
