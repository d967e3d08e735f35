import type { OpenAnswer } from "./exchange.ts";
import { statusLine } from "./status.ts";

export interface EventStreamsOptions {
  /** More are not opened: whoever asks then polls. */
  readonly streamsMax: number;
  readonly intervalMs: number;
  /** After so long a stream is ended and its client begins another: one that nobody reads doesn't keep its place. */
  readonly lifetimeMs: number;
  /** What is told next, one line of JSON. Asked once for all streams, and once for a new one. */
  readonly message: () => string;
  /** @returns what cancels it */
  readonly setTimer: (callback: () => void, delayMs: number) => () => void;
}

interface Follower {
  /** Has not taken the message before. */
  isBusy: boolean;
  leftMs: number;
  tell(bytes: Uint8Array): void;
  end(): void;
}

/** How long a client waits before it opens another stream, in milliseconds. */
const RETRY_MS = 1000;

/** The media type of a stream of events (HTML Standard, 9.2). */
export const EVENTS_TYPE = "text/event-stream";

const HEAD = statusLine(200) + [
  `content-type: ${EVENTS_TYPE}`,
  "cache-control: no-store",
  "cross-origin-resource-policy: same-origin",
  "x-content-type-options: nosniff",
  // Asks nginx not to collect the events.
  "x-accel-buffering: no",
].map((field) => `${field}\r\n`).join("");

const encoder = new TextEncoder();

/**
 * Server-sent events: the same for everybody, once an interval. A client that has not taken the message before gets
 * none, so nothing piles up for it; the listener closes it when it goes on like that. Without a stream no timer runs.
 */
export class EventStreams {
  readonly #options: EventStreamsOptions;
  readonly #followers = new Set<Follower>();
  #cancel: (() => void) | undefined;

  constructor(options: EventStreamsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#followers.size;
  }

  /** The answer to a request for a stream; undefined when there are enough. */
  open(): OpenAnswer | undefined {
    if (this.#isFull) return undefined;
    return { head: HEAD, follow: (send, gone) => this.#follow(send, gone) };
  }

  get #isFull(): boolean {
    return this.#followers.size >= this.#options.streamsMax;
  }

  /** Only here, when its head has been sent, a stream takes a place: others may have taken the last one meanwhile. */
  async #follow(send: (bytes: Uint8Array) => Promise<void>, gone: Promise<void>): Promise<void> {
    if (this.#isFull) return;
    const ended = Promise.withResolvers<void>();
    const follower: Follower = {
      isBusy: false,
      leftMs: this.#options.lifetimeMs,
      tell(bytes) {
        if (follower.isBusy) return;
        follower.isBusy = true;
        send(bytes).then(() => void (follower.isBusy = false), () => ended.resolve());
      },
      end: () => ended.resolve(),
    };
    this.#followers.add(follower);
    this.#cancel ??= this.#schedule();
    follower.tell(encoder.encode(`retry: ${RETRY_MS}\n\n${eventOf(this.#options.message())}`));
    await Promise.race([ended.promise, gone]);
    this.#followers.delete(follower);
    if (this.#followers.size > 0) return;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** Ends every stream, for a stop. */
  end(): void {
    for (const follower of this.#followers) follower.end();
  }

  #schedule(): () => void {
    return this.#options.setTimer(() => {
      this.#cancel = this.#schedule();
      this.#tell();
    }, this.#options.intervalMs);
  }

  #tell(): void {
    const bytes = encoder.encode(eventOf(this.#options.message()));
    for (const follower of this.#followers) {
      follower.tell(bytes);
      follower.leftMs -= this.#options.intervalMs;
      if (follower.leftMs <= 0) follower.end();
    }
  }
}

const eventOf = (message: string): string => `data: ${message}\n\n`;
