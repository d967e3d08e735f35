import { type Choice, destinationIn, reasonIn } from "../choose/choice.ts";
import { REASONS } from "../choose/reasons.ts";
import type { Video } from "../redirect/target.ts";
import type { Clock } from "../../shared/clock.ts";

/** A batch of lines is handed over once it has this many characters, ... */
const LINES_CHARS_MAX = 32_768;
/** ... or this long after its first line, in milliseconds. */
export const HAND_OVER_MS = 250;

export interface NotesOptions {
  /** The fraction of requests to note, from 0 to 1. */
  readonly sample: number;
  /** Receives complete lines of JSON, each with its line end. */
  readonly handOver: (lines: string, count: number) => void;
  readonly clock: Pick<Clock, "wallMs" | "setTimer">;
  /** Returns a number from 0 to below 1; by default `Math.random`. */
  readonly random?: () => number;
}

type Fields = Record<string, string | number>;

/**
 * Makes a worker's lines of the access log: one line of JSON per sampled request. The query of a URL is left
 * out because it may hold tokens. Each request is noted in three steps: its answer (`redirected`, `refused`),
 * the answer's length (`answered`), and the moment when the answer is in the socket (`handedOver`).
 */
export class AccessNotes {
  readonly #options: Required<NotesOptions>;
  /**
   * The answers that are not in the socket yet. They all belong to one connection, because a worker handles
   * no other connection between the first step and the last.
   */
  #unsent: Fields[] = [];
  /** Whether the current answer is sampled, so that `answered` has to add its length. */
  #isSampled = false;
  #lines = "";
  #count = 0;

  constructor(options: NotesOptions) {
    this.#options = { random: Math.random, ...options };
  }

  /** @param turn the turn that the request took; undefined: the video's path decided */
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

  /** @param target the request target; undefined: it could not be read */
  refused(status: number, refusal: string, target?: string): void {
    if (this.#samples()) {
      this.#note({ status, refusal, ...target !== undefined && { path: withoutQuery(target) } });
    }
  }

  /** Adds the length of the current answer, if that answer is sampled. */
  answered(bytes: number): void {
    if (this.#isSampled) this.#unsent.at(-1)!.bytes = bytes;
    this.#isSampled = false;
  }

  /**
   * Completes the lines of all answers since the last call: they are in the socket now.
   *
   * @param ms the time since their requests were read; undefined: no complete request was read
   */
  handedOver(ms?: number): void {
    if (this.#unsent.length === 0) return;
    if (this.#lines === "") this.#options.clock.setTimer(() => this.flush(), HAND_OVER_MS);
    const time = new Date(this.#options.clock.wallMs()).toISOString();
    const us = ms === undefined ? {} : { us: Math.round(ms * 1000) };
    for (const fields of this.#unsent) this.#lines += `${JSON.stringify({ time, ...fields, ...us })}\n`;
    this.#count += this.#unsent.length;
    this.#unsent = [];
    if (this.#lines.length >= LINES_CHARS_MAX) this.flush();
  }

  /** Hands over the completed lines now. */
  flush(): void {
    if (this.#count === 0) return;
    this.#options.handOver(this.#lines, this.#count);
    this.#lines = "";
    this.#count = 0;
  }

  #samples(): boolean {
    this.#isSampled = this.#options.random() < this.#options.sample;
    return this.#isSampled;
  }

  #note(fields: Fields): void {
    this.#unsent.push(fields);
  }
}

const withoutQuery = (path: string): string => path.replace(/[?#].*$/s, "");
