import type { AggregatorConfig } from "./config.ts";
import type { Totals } from "./aggregate/partial.ts";
import { formatAddresses, type Port } from "./receive/port.ts";
import type { ClockStep } from "./aggregate/timeline.ts";
import type { Log } from "../shared/log.ts";

/** What the service has counted since its start. It counts every loss: sent = received + dropped + lost. */
export interface Count extends Pick<Totals, "received" | "accepted" | "rejected"> {
  /** Datagrams that the kernel has dropped; null: unknown. */
  dropped: number | null;
  /** Datagrams that workers had read but not handed over when they died. */
  lost: number;
  /** Messages that were added to a later window than the one they were read in. */
  late: number;
  records: number;
  receivedByWorker: readonly number[];
}

/** The messages of the service's log. Programs read the events and fields, so only the texts may change. */
export class ServiceLog {
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  listening(config: AggregatorConfig, port: Port): void {
    const asked = config.receiveBufferBytes;
    this.#log.info("listening", "ready to receive", {
      address: formatAddresses(port.addresses),
      receiver: port.kind,
      workers: config.workers,
      spare_workers: config.spareWorkers,
      receiving_sockets: port.receivingSockets,
      receive_buffer: port.bufferBytes,
      windows: config.windowSeconds.map((seconds) => `${seconds}s`).join(","),
      align: config.align,
      file: config.outPath,
      drops_counted: port.dropped() !== null,
    });
    if (port.bufferBytes !== null && port.bufferBytes < asked) {
      this.#log.warn(
        "small_receive_buffer",
        `the kernel granted a smaller buffer than --receive-buffer asks for: ` +
          `run \`sysctl -w net.core.rmem_max=${asked}\`, or start with CAP_NET_ADMIN`,
        { asked, granted: port.bufferBytes },
      );
    }
  }

  totals(count: Count): void {
    this.#log.info("totals", "counted since the start", fieldsOf(count));
  }

  stopped(count: Count): void {
    this.#log.info("stopped", "read the sockets until empty and wrote the last records", fieldsOf(count));
  }

  clockStep({ direction, byMs }: ClockStep): void {
    const message = direction === "forward"
      ? "the wall clock is ahead: timestamps jump forward, and the windows in between are empty"
      : "the wall clock stepped back: timestamps keep increasing and stay ahead of the clock";
    this.#log.warn("clock_step", message, { direction, by_ms: Math.round(byMs) });
  }

  futureFile(lastTimestampSeconds: number): void {
    const message =
      "the file's last record is over a week ahead of the clock: following the clock, so timestamps go back";
    this.#log.warn("future_file", message, { last_timestamp: lastTimestampSeconds });
  }

  workerLost(worker: number, reason: string, lostDatagrams: number): void {
    const message = "a worker died: the datagrams it had read but not handed over are lost";
    this.#log.error("worker_lost", message, { worker, reason, lost: lostDatagrams });
  }

  workerReplaced(worker: number, replacement: number | undefined): void {
    if (replacement !== undefined) {
      this.#log.warn("worker_replaced", "a spare worker has taken over the dead worker's socket", {
        worker,
        replacement,
      });
    } else {
      this.#log.error(
        "no_spare_left",
        "no spare worker is left, so the service stops: restart it, or raise --spare-workers",
      );
    }
  }

  spareLost(worker: number, reason: string): void {
    this.#log.error("spare_lost", "a parked spare worker died: one spare less for the next failure", {
      worker,
      reason,
    });
  }

  /** The last resort for records that neither the file nor the checkpoint took: the log keeps them. */
  unwritten(records: readonly string[]): void {
    const message = "neither the file nor the checkpoint took these records: append them to the file by hand";
    this.#log.error("records_unwritten", message, { records: records.map((record) => record.trimEnd()) });
  }
}

function fieldsOf({ receivedByWorker, ...count }: Count): Record<string, unknown> {
  return { ...count, received_by_worker: receivedByWorker };
}
