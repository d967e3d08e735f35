import type { HostPort } from "../../shared/flags/flags.ts";
import type { Log } from "../../shared/log.ts";
import { combined, type Measurement, toDatagram } from "./meter.ts";
import { formatAddress } from "../spawn.ts";

/** At the end, the longest that the last measurement may take. */
const LAST_MS = 1000;

/** Sends measurements to an aggregator over UDP. */
export class MetricsSender implements AsyncDisposable {
  readonly #socket: Deno.DatagramConn;
  readonly #to: Deno.NetAddr;
  readonly #log: Log;
  #waiting: Measurement | undefined;
  #sending: Promise<void> | undefined;
  #isFailing = false;

  /** @throws {Deno.errors.NotCapable} The permission to send there, or to bind a port, is missing. */
  constructor(to: HostPort, log: Log) {
    this.#log = log;
    this.#to = { transport: "udp", ...to };
    const local = { hostname: localHostname(to.hostname), port: 0 };
    const missing = [to, local].map(formatAddress).filter((host) =>
      Deno.permissions.querySync({ name: "net", host }).state !== "granted"
    );
    if (missing.length > 0) {
      throw new Deno.errors.NotCapable(
        `Cannot send metrics to ${formatAddress(to)}: net permission is missing, ` +
          `run again with --allow-net=${missing.join(",")}`,
      );
    }
    this.#socket = Deno.listenDatagram({ transport: "udp", ...local });
  }

  /**
   * Sends a measurement, together with others that come while one is on its way: the name of an aggregator is looked
   * up each time, which may take seconds, and threads that the files and the database need, too.
   */
  send(measurement: Measurement): Promise<void> {
    this.#waiting = this.#waiting ? combined(this.#waiting, measurement) : measurement;
    return this.#sending ??= this.#sendWaiting();
  }

  async #sendWaiting(): Promise<void> {
    while (this.#waiting) {
      const measurement = this.#waiting;
      this.#waiting = undefined;
      await this.#sendOne(measurement);
    }
    this.#sending = undefined;
  }

  async #sendOne(measurement: Measurement): Promise<void> {
    try {
      await this.#socket.send(toDatagram(measurement), this.#to);
      this.#isFailing = false;
    } catch (error) {
      // Once for an outage: there are twenty a second.
      if (!this.#isFailing) {
        this.#log.warn("metrics_lost", "metrics can't be sent; see that the aggregator is there", { error });
      }
      this.#isFailing = true;
    }
  }

  /** Closes the socket after what was handed to it. */
  async [Symbol.asyncDispose](): Promise<void> {
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, LAST_MS);
    await Promise.race([this.#sending, late.promise]);
    clearTimeout(timer);
    this.#waiting = undefined;
    this.#socket.close();
  }
}

function localHostname(to: string): string {
  if (/^127\./.test(to) || to === "::1") return to;
  return to.includes(":") ? "::" : "0.0.0.0";
}
