import { formatHostPort, type HostPort } from "../../shared/address.ts";
import type { Log } from "../../shared/log.ts";
import { localAddressFor, requireNet } from "../../shared/net_permission.ts";
import { combined, type Measurement, toDatagram } from "./meter.ts";
import { within } from "../../shared/within.ts";

/** How long the end waits for the last measurement to be sent. */
const CLOSE_MS = 1000;

/** Sends measurements to an aggregator over UDP. A measurement that can't be sent is lost. */
export class MetricsSender implements AsyncDisposable {
  readonly #socket: Deno.DatagramConn;
  readonly #to: Deno.NetAddr;
  readonly #log: Log;
  #waiting: Measurement | undefined;
  #sending: Promise<void> | undefined;
  #isFailing = false;

  /** @throws {Deno.errors.NotCapable} The permission to send to `to`, or to bind a local port, is missing. */
  constructor(to: HostPort, log: Log) {
    this.#log = log;
    this.#to = { transport: "udp", ...to };
    const local = localAddressFor(to.hostname);
    requireNet(`send metrics to ${formatHostPort(to)}`, [to, local]);
    this.#socket = Deno.listenDatagram({ transport: "udp", ...local });
  }

  /**
   * Sends a measurement. Measurements that come while one is being sent are merged and sent next. Otherwise a
   * slow DNS look-up, which every send of a host name does, would pile up and take the threads that files and
   * database need.
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
      // Logged once per outage: up to 20 measurements per second and worker would fail.
      if (!this.#isFailing) {
        this.#log.warn(
          "metrics_lost",
          "metrics can't be sent: check that the aggregator runs and that --metrics-to names it",
          { error },
        );
      }
      this.#isFailing = true;
    }
  }

  /** Waits for the measurements to be sent, for at most {@linkcode CLOSE_MS}, then closes the socket. */
  async [Symbol.asyncDispose](): Promise<void> {
    await within(CLOSE_MS, (late) => Promise.race([this.#sending, late]));
    this.#waiting = undefined;
    this.#socket.close();
  }
}
