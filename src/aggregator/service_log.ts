import type { AggregatorConfig } from "./config.ts";
import type { Totals } from "./aggregate/partial.ts";
import { formatAddresses, type Port } from "./receive/port.ts";
import type { ClockStep } from "./aggregate/timeline.ts";
import type { Log } from "../shared/log.ts";

/** What the service has counted since its start. Every loss is in it: datagrams sent = received + dropped + lost. */
export interface Count extends Pick<Totals, "received" | "accepted" | "rejected"> {
  /** Datagrams that the kernel threw away; null where it doesn't tell. */
  dropped: number | null;
  /** Datagrams read by workers that died before they handed over what was in them. */
  lost: number;
  /** Messages added to a later window than the one they were read in. */
  late: number;
  records: number;
  receivedByWorker: readonly number[];
}

/** The words of the service's log, in one place; the events and the fields are an interface, so they stay as they are. */
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
        `the kernel granted less than --receive-buffer asked for: run \`sysctl -w net.core.rmem_max=${asked}\`, ` +
          `or start with CAP_NET_ADMIN`,
        { asked, granted: port.bufferBytes },
      );
    }
  }

  totals(count: Count): void {
    this.#log.info("totals", "since the start", fieldsOf(count));
  }

  stopped(count: Count): void {
    this.#log.info("stopped", "read what was left and wrote the last records", fieldsOf(count));
  }

  clockStep({ direction, byMs }: ClockStep): void {
    const message = direction === "forward"
      ? "the wall clock is ahead: jumping forward, the windows in between are empty"
      : "the wall clock stepped back: going on without it until it has caught up";
    this.#log.warn("clock_step", message, { direction, by_ms: Math.round(byMs) });
  }

  futureFile(lastTimestampSeconds: number): void {
    const message =
      "the file's last record lies far ahead of the clock: going by the clock, timestamps will go back";
    this.#log.warn("future_file", message, { last_timestamp: lastTimestampSeconds });
  }

  workerLost(worker: number, reason: string, lostDatagrams: number): void {
    const message = "a worker died; the datagrams it had read and not handed over are lost";
    this.#log.error("worker_lost", message, { worker, reason, lost: lostDatagrams });
  }

  workerReplaced(worker: number, replacement: number | undefined): void {
    if (replacement !== undefined) {
      this.#log.warn("worker_replaced", "a spare worker reads its socket from here on", {
        worker,
        replacement,
      });
    } else {
      this.#log.error(
        "no_spare_left",
        "no spare worker is left: restart the service, or raise --spare-workers",
      );
    }
  }

  spareLost(worker: number, reason: string): void {
    this.#log.error("spare_lost", "a parked spare worker died; the next death finds one less", {
      worker,
      reason,
    });
  }

  /** The last resort: what neither the file nor the checkpoint takes can still be saved from the log. */
  unwritten(records: readonly string[]): void {
    const message = "records could be written nowhere; append them to the file by hand";
    this.#log.error("records_unwritten", message, { records: records.map((record) => record.trimEnd()) });
  }
}

function fieldsOf({ receivedByWorker, ...count }: Count): Record<string, unknown> {
  return { ...count, received_by_worker: receivedByWorker };
}
