import type { OpenAnswer } from "./exchange.ts";
import { statusLine } from "./status.ts";

export interface EventStreamsOptions {
  /** The most open streams. Further clients have to poll. */
  readonly streamsMax: number;
  readonly intervalMs: number;
  /** The time after which a stream is ended. A client that still reads opens a new one. */
  readonly lifetimeMs: number;
  /** Returns the next message, one line of JSON. Called once per interval, and once for each new stream. */
  readonly message: () => string;
  /** @returns what cancels it */
  readonly setTimer: (callback: () => void, delayMs: number) => () => void;
}

/** An open stream. */
interface Follower {
  /** Whether the client has not taken the last message yet. */
  isBusy: boolean;
  /** The rest of the stream's lifetime. */
  leftMs: number;
  /** Sends a message, unless the client is busy. */
  offer(bytes: Uint8Array): void;
  end(): void;
}

/** How long a client waits before it opens another stream, in milliseconds. */
const RETRY_MS = 1000;

/** The media type of an event stream (HTML Standard, 9.2). */
export const EVENTS_TYPE = "text/event-stream";

const HEAD = statusLine(200) + [
  `content-type: ${EVENTS_TYPE}`,
  "cache-control: no-store",
  "cross-origin-resource-policy: same-origin",
  "x-content-type-options: nosniff",
  // Tells nginx not to buffer the events.
  "x-accel-buffering: no",
].map((field) => `${field}\r\n`).join("");

const encoder = new TextEncoder();

/**
 * Server-sent events: one message per interval, the same for all clients. A slow client that has not taken
 * the last message gets no further one, so that no messages pile up; if it stays slow, the listener closes
 * the connection. Without streams no timer runs.
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

  /** Returns the answer to a request for a stream; undefined if the limit is reached. */
  open(): OpenAnswer | undefined {
    if (this.#isFull) return undefined;
    return { head: HEAD, follow: (send, gone) => this.#follow(send, gone) };
  }

  get #isFull(): boolean {
    return this.#followers.size >= this.#options.streamsMax;
  }

  /** Runs once the head is sent. The stream counts from now on only: others may have taken the last place. */
  async #follow(send: (bytes: Uint8Array) => Promise<void>, gone: Promise<void>): Promise<void> {
    if (this.#isFull) return;
    const ended = Promise.withResolvers<void>();
    const follower: Follower = {
      isBusy: false,
      leftMs: this.#options.lifetimeMs,
      offer(bytes) {
        if (follower.isBusy) return;
        follower.isBusy = true;
        send(bytes).then(() => void (follower.isBusy = false), () => ended.resolve());
      },
      end: () => ended.resolve(),
    };
    this.#followers.add(follower);
    this.#cancel ??= this.#schedule();
    follower.offer(encoder.encode(`retry: ${RETRY_MS}\n\n${eventOf(this.#options.message())}`));
    await Promise.race([ended.promise, gone]);
    this.#followers.delete(follower);
    if (this.#followers.size > 0) return;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** Ends every stream, for a shutdown. */
  end(): void {
    for (const follower of this.#followers) follower.end();
  }

  #schedule(): () => void {
    return this.#options.setTimer(() => {
      this.#cancel = this.#schedule();
      this.#sendAll();
    }, this.#options.intervalMs);
  }

  #sendAll(): void {
    const bytes = encoder.encode(eventOf(this.#options.message()));
    for (const follower of this.#followers) {
      follower.offer(bytes);
      follower.leftMs -= this.#options.intervalMs;
      if (follower.leftMs <= 0) follower.end();
    }
  }
}

const eventOf = (message: string): string => `data: ${message}\n\n`;
