import {
  type FlagSpec,
  helpText,
  type HostPort,
  integer,
  type Lookup,
  oneOf,
  parseFlags,
} from "../shared/flags/flags.ts";
import {
  parseAdmin,
  parseKeep,
  parseListen,
  parseMode,
  parsePath,
  parseRotate,
  parseWindows,
} from "./config_values.ts";
import type { LogFormat, LogLevel } from "../shared/log.ts";
import type { RotateWhen } from "./write/rotation.ts";
import { logFlags } from "../shared/flags/log_flags.ts";

/**
 * Workers hand over what they added up this often, and then the checkpoint is renewed. A kill shall cost 250 ms of
 * messages at most: 50 of them are for an idle worker to look at the control word, and for the disk.
 */
export const HAND_OVER_INTERVAL_MS = 200;
/** How long a window waits for a worker that doesn't answer, before its record is written without it. */
export const WATERMARK_PATIENCE_MS = 1000;
/** One line of totals in the log a minute. */
export const TOTALS_INTERVAL_MS = 60_000;
/** A jump of the clock is filled with zero records, but a machine that slept for a week wants no week's. */
export const JUMP_RECORDS_SECONDS_MAX = 3600;
/** After so long some more of what is refused may be looked at. */
export const SAMPLES_INTERVAL_MS = 60_000;
/** Samples that can't be written are kept in memory, so many of them: those of ten minutes. */
export const SAMPLES_WAITING_MAX = 600;
/** A record that can't be written is tried again this often. */
export const SINK_RETRY_MS = 1000;
/** Records that can't be written are kept in memory for so long: a weekend until somebody looks at the disk. */
export const RECORDS_WAITING_SECONDS = 3 * 86_400;
/** From the signal to the exit; supervisors kill after 10 s and more. */
export const STOP_DEADLINE_MS = 1000;

/** A worker is a thread and a V8 isolate of some 10 MB: more than this is a slip of the finger. */
export const WORKERS_MAX = 64;
/** One for each worker is more than any day of crashes needs. */
export const SPARE_WORKERS_MAX = 64;
/** A message of small numbers takes some 30 bytes, the longest compact one 79: less would hold little. */
export const DATAGRAM_BYTES_MIN = 64;
/** The length field of UDP has 16 bits; over IPv4 a payload ends at 65,507. */
export const DATAGRAM_BYTES_MAX = 65_535;
/** A handful of datagrams; the kernel grants some 2 KB whatever is asked for. */
export const RECEIVE_BUFFER_BYTES_MIN = 4096;
/** SO_RCVBUF is an int, and the kernel doubles what it is given (socket(7)). */
export const RECEIVE_BUFFER_BYTES_MAX = 1_073_741_823;

export type ReceiverChoice = "auto" | "reuseport" | "datagram";
export type Align = "start" | "epoch";
/** What a record tells beside the sum, the maximum and the minimum. */
export type Extra = "none" | "messages";

export interface AggregatorConfig {
  /** Never empty; the empty hostname stands for every address of the machine. */
  readonly listen: readonly HostPort[];
  readonly outPath: string;
  /** As in chmod(2). */
  readonly outMode: number;
  /** Null: others rename the file, if anybody does. */
  readonly rotate: RotateWhen | null;
  /** Rotated files that stay; null: all. */
  readonly keep: number | null;
  /** Null: beside the output, or none where that is stdout. */
  readonly checkpointPath: string | null;
  /** Null: what is refused is counted and no more. */
  readonly rejectedSamplePath: string | null;
  readonly workers: number;
  readonly receiver: ReceiverChoice;
  /** Lengths in seconds, ascending, each a multiple of the first: the base window. Never empty. */
  readonly windowSeconds: readonly number[];
  /** Whether the grid of windows begins at the start of the service or on multiples in Unix time. */
  readonly align: Align;
  /** Workers started and parked, each to replace one that dies. */
  readonly spareWorkers: number;
  /** The longest datagram that isn't truncated. */
  readonly datagramBytesMax: number;
  /** SO_RCVBUF of each socket, as asked for. */
  readonly receiveBufferBytes: number;
  /** Where metrics, health and the page are; undefined: nowhere. */
  readonly admin: HostPort | undefined;
  readonly extra: Extra;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}

/** What the defaults depend on. */
export interface Facts {
  readonly cores: number;
  readonly stderrIsTerminal: boolean;
}

export type StartRequest =
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "version" }
  | { readonly kind: "run"; readonly config: AggregatorConfig };

/**
 * What the command line, the environment and `.env` ask for, in that order of precedence.
 *
 * @throws {UsageError} one line that names the setting, the value and what to give instead.
 */
export function parseConfig(
  args: readonly string[],
  env: Lookup,
  dotEnv: Lookup,
  facts: Facts,
): StartRequest {
  const table = aggregatorFlags(facts);
  const parsed = parseFlags(args, table, env, dotEnv);
  if (parsed.kind === "run") return { kind: "run", config: parsed.values };
  if (parsed.kind === "help") return { kind: "help", text: helpText("deno task start", table) };
  return { kind: "version" };
}

/** Every flag of the aggregator, in the order of the help, by the property of the configuration it sets. */
export function aggregatorFlags({ cores, stderrIsTerminal }: Facts) {
  return {
    listen: {
      flag: "listen",
      placeholder: "HOST:PORT",
      variable: "SLUICE_LISTEN",
      default: "0.0.0.0:9999",
      help: "address to receive on, or several; IPv6 as [::]:9999, all as :9999",
      isList: true,
      parse: parseListen,
    },
    outPath: {
      flag: "out",
      placeholder: "FILE",
      variable: "SLUICE_OUT",
      default: "data/metrics.jsonl",
      help: "file the records are appended to; - is stdout, without a checkpoint",
      parse: parsePath,
    },
    outMode: {
      flag: "out-mode",
      placeholder: "MODE",
      variable: "SLUICE_OUT_MODE",
      default: "0640",
      help: "permissions of the files it makes, in octal, less what the umask takes",
      parse: parseMode,
    },
    rotate: {
      flag: "rotate",
      placeholder: "daily|SIZE",
      variable: "SLUICE_ROTATE",
      default: "off",
      help: "rename the file each day, in UTC, or before it outgrows a size like 100M",
      parse: parseRotate,
    },
    keep: {
      flag: "keep",
      placeholder: "N",
      variable: "SLUICE_KEEP",
      default: "all",
      help: "rotated files that stay, 1 to 10000; the oldest go",
      parse: parseKeep,
    },
    checkpointPath: {
      flag: "checkpoint",
      placeholder: "FILE",
      variable: "SLUICE_CHECKPOINT",
      default: "",
      defaultShown: "beside the output",
      help: "where to keep what a kill would lose; the process adds its ID to the name",
      parse: (text: string) => text === "" ? null : parsePath(text),
    },
    rejectedSamplePath: {
      flag: "rejected-sample",
      placeholder: "FILE",
      variable: "SLUICE_REJECTED_SAMPLE",
      default: "",
      defaultShown: "off",
      help: "append 10 refused messages a minute by reason here; - is stdout",
      parse: (text: string) => text === "" ? null : parsePath(text),
    },
    workers: {
      flag: "workers",
      placeholder: "N",
      variable: "SLUICE_WORKERS",
      default: String(Math.min(Math.max(cores, 1), WORKERS_MAX)),
      defaultShown: "one per core",
      help: `threads that receive and add up, 1 to ${WORKERS_MAX}`,
      parse: integer(1, WORKERS_MAX),
    },
    receiver: {
      flag: "receiver",
      placeholder: "auto|reuseport|datagram",
      variable: "SLUICE_RECEIVER",
      default: "auto",
      help: "a socket for each worker (reuseport, needs --allow-ffi), or one for all",
      parse: oneOf(["auto", "reuseport", "datagram"]),
    },
    windowSeconds: {
      flag: "windows",
      placeholder: "LIST",
      variable: "SLUICE_WINDOWS",
      default: "10s,60s",
      help: "lengths such as 10s, 1m or 1h, each a multiple of the shortest",
      parse: parseWindows,
    },
    align: {
      flag: "align",
      placeholder: "start|epoch",
      variable: "SLUICE_ALIGN",
      default: "start",
      help: "begin windows at the start of the service, or on multiples in Unix time",
      parse: oneOf(["start", "epoch"]),
    },
    spareWorkers: {
      flag: "spare-workers",
      placeholder: "N",
      variable: "SLUICE_SPARE_WORKERS",
      default: "1",
      help: `parked workers, each to replace one that dies, 0 to ${SPARE_WORKERS_MAX}`,
      parse: integer(0, SPARE_WORKERS_MAX),
    },
    datagramBytesMax: {
      flag: "max-datagram",
      placeholder: "BYTES",
      variable: "SLUICE_MAX_DATAGRAM",
      default: "8192",
      help: "longest datagram accepted; a longer one is rejected as truncated",
      parse: integer(DATAGRAM_BYTES_MIN, DATAGRAM_BYTES_MAX),
    },
    receiveBufferBytes: {
      flag: "receive-buffer",
      placeholder: "BYTES",
      variable: "SLUICE_RECEIVE_BUFFER",
      default: "26214400",
      help: "buffer to ask the kernel for, for each socket",
      parse: integer(RECEIVE_BUFFER_BYTES_MIN, RECEIVE_BUFFER_BYTES_MAX),
    },
    admin: {
      flag: "admin",
      placeholder: "HOST:PORT|off",
      variable: "SLUICE_ADMIN",
      default: "127.0.0.1:9998",
      help: "address of the metrics, the health checks and the page; off for none",
      parse: parseAdmin,
    },
    extra: {
      flag: "extra",
      placeholder: "none|messages",
      variable: "SLUICE_EXTRA",
      default: "none",
      help: "add the number of messages, and mark the records that a kill had left",
      parse: oneOf(["none", "messages"]),
    },
    ...logFlags("SLUICE", stderrIsTerminal),
  } satisfies { [Key in keyof AggregatorConfig]: FlagSpec<AggregatorConfig[Key]> };
}
