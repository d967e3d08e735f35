import { SINK_RETRY_MS } from "../config.ts";
import type { Refused } from "../worker_protocol.ts";
import { REASONS } from "../aggregate/partial.ts";
import { SAMPLES_A_MINUTE } from "../receive/sampler.ts";
import type { Sink } from "./sink.ts";
import type { Clock } from "../../shared/clock.ts";

/**
 * Writes samples of rejected messages to a file: at most {@linkcode SAMPLES_A_MINUTE} a minute for each
 * reason, over all workers together. Retries every second while the file fails.
 */
export class RejectedSample {
  readonly #sink: Sink;
  readonly #clock: Clock;
  /** How many samples may still be written in this minute, by reason. */
  readonly #left = REASONS.map(() => SAMPLES_A_MINUTE);
  #cancelRetry = () => {};

  constructor(sink: Sink, clock: Clock) {
    this.#sink = sink;
    this.#clock = clock;
  }

  /** Begins the next minute. */
  renew(): void {
    this.#left.fill(SAMPLES_A_MINUTE);
  }

  add(refused: Refused): void {
    if (this.#left[refused.reason]! <= 0) return;
    this.#left[refused.reason]!--;
    this.#sink.add([sampleLine(refused, this.#clock.wallMs())]);
    void this.#flush();
  }

  /** Writes the waiting samples and closes the file. */
  async close(): Promise<void> {
    this.#cancelRetry();
    await this.#sink.flush();
    await this.#sink.close();
  }

  async #flush(): Promise<void> {
    await this.#sink.flush();
    this.#cancelRetry();
    if (this.#sink.isDue) this.#cancelRetry = this.#clock.setTimer(() => void this.#flush(), SINK_RETRY_MS);
  }
}

/**
 * Returns one line of the file, newline included:
 *
 *     {"time":"2026-11-25T22:00:00.000Z","reason":"syntax","from":"127.0.0.1:40123","bytes":431,"message":"{'A1':1, …"}
 *
 * `bytes` is the length of the whole message, of which `message` may show only the beginning. `from` is
 * missing if the receiver does not know the sender.
 */
export function sampleLine({ reason, from, length, bytes }: Refused, wallMs: number): string {
  const time = new Date(wallMs).toISOString();
  return `${
    JSON.stringify({ time, reason: REASONS[reason], from, bytes: length, message: escaped(bytes) })
  }\n`;
}

/** Keeps printable ASCII. Writes every other byte, and the backslash, as `\xNN`. */
function escaped(bytes: Uint8Array): string {
  const text = (byte: number) =>
    byte >= 0x20 && byte < 0x7f && byte !== 0x5c
      ? String.fromCharCode(byte)
      : `\\x${byte.toString(16).padStart(2, "0")}`;
  return Array.from(bytes, text).join("");
}
