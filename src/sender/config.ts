import {
  type FlagSpec,
  helpText,
  type HostPort,
  hostPort,
  integer,
  oneOf,
  parseFlags,
  UsageError,
} from "../shared/flags/flags.ts";
import { perDatagramMax, type Shape, SHAPES } from "./shapes.ts";
import { type StartRequest, startRequest } from "../shared/flags/start_request.ts";

/** With so many messages the sum of A1 (at most 1,023 each) stays below 2^53, so it is exact. */
export const COUNT_MAX = 1e12;
/** Each source is a socket. Many more would exceed the usual limit of 1,024 open files. */
export const SOURCES_MAX = 256;
export const RATE_MAX = 1e9;

export interface SenderConfig {
  readonly to: HostPort;
  /** How many messages to send. */
  readonly count: number;
  /** Messages per second; `Infinity`: as fast as possible. */
  readonly rate: number;
  readonly sources: number;
  readonly perDatagram: number;
  readonly seed: number;
  readonly shape: Shape;
}

/** The most messages that fit into a datagram, with the shape whose messages are shortest. */
const PER_DATAGRAM_MAX = Math.max(...SHAPES.map(perDatagramMax));

/** Every flag of the sender, in the order of the help. None has a variable: each run is different. */
export const SENDER_FLAGS = {
  to: {
    flag: "to",
    placeholder: "HOST:PORT",
    default: "127.0.0.1:9999",
    help: "address to send to; [::1]:9999 is IPv6",
    parse: hostPort(1),
  },
  count: {
    flag: "count",
    placeholder: "N",
    default: "1000",
    help: "messages to send",
    parse: integer(1, COUNT_MAX),
  },
  rate: {
    flag: "rate",
    placeholder: "N/s",
    default: "",
    defaultShown: "no limit",
    help: "messages per second, such as 200000/s; by default as fast as possible",
    parse: parseRate,
  },
  sources: {
    flag: "sources",
    placeholder: "N",
    default: "1",
    help: `sockets to send from in turn, 1 to ${SOURCES_MAX}`,
    parse: integer(1, SOURCES_MAX),
  },
  perDatagram: {
    flag: "per-datagram",
    placeholder: "N",
    default: "1",
    help: `messages per datagram, one per line, 1 to ${PER_DATAGRAM_MAX}; longer shapes fit less`,
    parse: integer(1, PER_DATAGRAM_MAX),
  },
  seed: {
    flag: "seed",
    placeholder: "N",
    default: "1",
    help: "seed of the random values: the same seed sends the same messages",
    parse: integer(0, 2 ** 32 - 1),
  },
  shape: {
    flag: "shape",
    placeholder: SHAPES.join("|"),
    default: "plain",
    help: "plain JSON, extra whitespace, keys in any order, or additional keys",
    parse: oneOf(SHAPES),
  },
} satisfies { [Key in keyof SenderConfig]: FlagSpec<SenderConfig[Key]> };

/**
 * Reads the command line.
 *
 * @throws {UsageError} A flag is wrong. The message is one line that says what to give instead.
 */
export function parseConfig(args: readonly string[]): StartRequest<SenderConfig> {
  const unset = () => undefined;
  const help = () => helpText("deno task send", SENDER_FLAGS);
  return startRequest(parseFlags(args, SENDER_FLAGS, unset, unset), help, (values) => {
    const { shape, perDatagram } = values;
    if (perDatagram > perDatagramMax(shape)) {
      throw new UsageError(
        `Cannot fit ${perDatagram} messages of shape ${shape} in a datagram: ` +
          `give --per-datagram from 1 to ${perDatagramMax(shape)}`,
      );
    }
    return values;
  });
}

function parseRate(text: string): number {
  if (text === "") return Infinity; // Only the default can be empty.
  return integer(1, RATE_MAX, "messages per second")(text.replace(/\/s$/, ""));
}
