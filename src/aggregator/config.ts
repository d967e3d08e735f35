import {
  type FlagSpec,
  helpText,
  type HostPort,
  integer,
  type Lookup,
  oneOf,
  parseFlags,
} from "../shared/flags/flags.ts";
import { parseAdmin, parseKeep, parseListen, parseMode, parseRotate, parseWindows } from "./config_values.ts";
import type { LogFormat, LogLevel } from "../shared/log.ts";
import type { RotateWhen } from "./write/rotation.ts";
import { logFlags } from "../shared/flags/log_flags.ts";
import { type StartRequest, startRequest } from "../shared/flags/start_request.ts";
import { workerFlags } from "../shared/flags/worker_flags.ts";
import { filePath } from "../shared/flags/values.ts";

/**
 * How often workers hand over what they added up; the checkpoint is then renewed. A kill should lose at most
 * 250 ms of messages. The other 50 ms are for an idle worker to look at the control word, and for the disk.
 */
export const HAND_OVER_INTERVAL_MS = 200;
/** How long an ended window waits for a worker that doesn't answer. Then its record is written without it. */
export const WATERMARK_PATIENCE_MS = 1000;
/** The interval of the `totals` log lines. */
export const TOTALS_INTERVAL_MS = 60_000;
/** A forward jump of the clock is filled with empty records, but with no more than an hour of them. */
export const JUMP_RECORDS_SECONDS_MAX = 3600;
/** The interval for which the number of samples of rejected messages is limited. */
export const SAMPLES_INTERVAL_MS = 60_000;
/** How many samples wait in memory while their file can't be written: those of ten minutes. */
export const SAMPLES_WAITING_MAX = 600;
/** The pause between two tries to write to a file that fails. */
export const SINK_RETRY_MS = 1000;
/** How long records wait in memory while the file can't be written: a weekend until somebody looks. */
export const RECORDS_WAITING_SECONDS = 3 * 86_400;
/** From the signal to the exit. Supervisors kill after 10 s or more. */
export const STOP_DEADLINE_MS = 1000;

/** A message of small numbers takes some 30 bytes, the longest compact one 79. */
export const DATAGRAM_BYTES_MIN = 64;
/** The length field of UDP has 16 bits. Over IPv4 a payload has at most 65,507 bytes. */
export const DATAGRAM_BYTES_MAX = 65_535;
/** Room for a handful of datagrams. The kernel never grants less than some 2 KB. */
export const RECEIVE_BUFFER_BYTES_MIN = 4096;
/** SO_RCVBUF is an int, and the kernel doubles the value (socket(7)). */
export const RECEIVE_BUFFER_BYTES_MAX = 1_073_741_823;

export type ReceiverChoice = "auto" | "reuseport" | "datagram";
export type Align = "start" | "epoch";
/** What a record contains besides the sum, the maximum and the minimum. */
export type Extra = "none" | "messages";

export interface AggregatorConfig {
  /** Never empty. An empty hostname means every address of the machine. */
  readonly listen: readonly HostPort[];
  readonly outPath: string;
  /** Permission bits, as in chmod(2). */
  readonly outMode: number;
  /** Null: the service does not rotate the file. Other programs may. */
  readonly rotate: RotateWhen | null;
  /** How many rotated files to keep; null: all. */
  readonly keep: number | null;
  /** Null: beside the output; none if the output is stdout. */
  readonly checkpointPath: string | null;
  /** Null: rejected messages are only counted. */
  readonly rejectedSamplePath: string | null;
  readonly workers: number;
  readonly receiver: ReceiverChoice;
  /** Lengths in seconds, ascending, each a multiple of the first, the base window. Never empty. */
  readonly windowSeconds: readonly number[];
  /** Whether windows are counted from the start of the service or from the Unix epoch. */
  readonly align: Align;
  /** How many workers wait parked, each to replace a worker that dies. */
  readonly spareWorkers: number;
  /** The longest datagram that isn't truncated. */
  readonly datagramBytesMax: number;
  /** The SO_RCVBUF to ask for, for each socket. */
  readonly receiveBufferBytes: number;
  /** Address of the metrics, the health checks and the page; undefined: none. */
  readonly admin: HostPort | undefined;
  readonly extra: Extra;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}

/** Facts about the machine that some defaults depend on. */
export interface Facts {
  readonly cores: number;
  readonly stderrIsTerminal: boolean;
}

/**
 * Reads the settings from the command line, the environment and `.env`, in this order of precedence.
 *
 * @throws {UsageError} A setting is wrong. The message is one line that says what to give instead.
 */
export function parseConfig(
  args: readonly string[],
  env: Lookup,
  dotEnv: Lookup,
  facts: Facts,
): StartRequest<AggregatorConfig> {
  const table = aggregatorFlags(facts);
  const help = () => helpText("deno task start", table);
  return startRequest(parseFlags(args, table, env, dotEnv), help, (values) => values);
}

/** Returns every flag of the aggregator, in the order of the help. The keys are properties of the config. */
export function aggregatorFlags({ cores, stderrIsTerminal }: Facts) {
  return {
    listen: {
      flag: "listen",
      placeholder: "HOST:PORT",
      variable: "SLUICE_LISTEN",
      default: "0.0.0.0:9999",
      help: "address to receive on, or several; [::]:9999 is IPv6, :9999 every address",
      isList: true,
      parse: parseListen,
    },
    outPath: {
      flag: "out",
      placeholder: "FILE",
      variable: "SLUICE_OUT",
      default: "data/metrics.jsonl",
      help: "file to append the records to; - is stdout, without a checkpoint",
      parse: filePath,
    },
    outMode: {
      flag: "out-mode",
      placeholder: "MODE",
      variable: "SLUICE_OUT_MODE",
      default: "0640",
      help: "permissions of new files, in octal; the umask can only reduce them",
      parse: parseMode,
    },
    rotate: {
      flag: "rotate",
      placeholder: "daily|SIZE",
      variable: "SLUICE_ROTATE",
      default: "off",
      help: "rotate the file daily (in UTC), or before it grows past a size like 100M",
      parse: parseRotate,
    },
    keep: {
      flag: "keep",
      placeholder: "N",
      variable: "SLUICE_KEEP",
      default: "all",
      help: "rotated files to keep, 1 to 10000; the oldest are deleted",
      parse: parseKeep,
    },
    checkpointPath: {
      flag: "checkpoint",
      placeholder: "FILE",
      variable: "SLUICE_CHECKPOINT",
      default: "",
      defaultShown: "beside the output",
      help: "file to save what a kill would lose; each process adds an ID to the name",
      parse: (text: string) => text === "" ? null : filePath(text),
    },
    rejectedSamplePath: {
      flag: "rejected-sample",
      placeholder: "FILE",
      variable: "SLUICE_REJECTED_SAMPLE",
      default: "",
      defaultShown: "off",
      help: "file for samples of rejected messages, 10 a minute per reason; - is stdout",
      parse: (text: string) => text === "" ? null : filePath(text),
    },
    ...workerFlags("SLUICE", cores, "receive messages"),
    receiver: {
      flag: "receiver",
      placeholder: "auto|reuseport|datagram",
      variable: "SLUICE_RECEIVER",
      default: "auto",
      help: "a socket per worker (reuseport, needs --allow-ffi), or one socket for all",
      parse: oneOf(["auto", "reuseport", "datagram"]),
    },
    windowSeconds: {
      flag: "windows",
      placeholder: "LIST",
      variable: "SLUICE_WINDOWS",
      default: "10s,60s",
      help: "window lengths such as 10s, 1m or 1h, each a multiple of the shortest",
      parse: parseWindows,
    },
    align: {
      flag: "align",
      placeholder: "start|epoch",
      variable: "SLUICE_ALIGN",
      default: "start",
      help: "count windows from the start of the service, or from the Unix epoch",
      parse: oneOf(["start", "epoch"]),
    },
    datagramBytesMax: {
      flag: "max-datagram",
      placeholder: "BYTES",
      variable: "SLUICE_MAX_DATAGRAM",
      default: "8192",
      help: "longest datagram to accept; longer ones are rejected as truncated",
      parse: integer(DATAGRAM_BYTES_MIN, DATAGRAM_BYTES_MAX),
    },
    receiveBufferBytes: {
      flag: "receive-buffer",
      placeholder: "BYTES",
      variable: "SLUICE_RECEIVE_BUFFER",
      default: "26214400",
      help: "receive buffer of each socket to ask the kernel for",
      parse: integer(RECEIVE_BUFFER_BYTES_MIN, RECEIVE_BUFFER_BYTES_MAX),
    },
    admin: {
      flag: "admin",
      placeholder: "HOST:PORT|off",
      variable: "SLUICE_ADMIN",
      default: "127.0.0.1:9998",
      help: "address of the metrics, the health checks and the page, or off",
      parse: parseAdmin,
    },
    extra: {
      flag: "extra",
      placeholder: "none|messages",
      variable: "SLUICE_EXTRA",
      default: "none",
      help: "add the number of messages to each record, and mark recovered records",
      parse: oneOf(["none", "messages"]),
    },
    ...logFlags("SLUICE", stderrIsTerminal),
  } satisfies { [Key in keyof AggregatorConfig]: FlagSpec<AggregatorConfig[Key]> };
}
