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

/** The sum of A1 (at most 1,023 a message) stays exact as a number. */
export const COUNT_MAX = 1e12;
/** Sockets; many more would meet the usual limit of 1,024 open files. */
export const SOURCES_MAX = 256;
export const RATE_MAX = 1e9;

export interface SenderConfig {
  readonly to: HostPort;
  /** Messages. */
  readonly count: number;
  /** Messages per second; `Infinity` is flat out. */
  readonly rate: number;
  readonly sources: number;
  readonly perDatagram: number;
  readonly seed: number;
  readonly shape: Shape;
}

/** One message is the smallest shape's longest: no other shape fits more in a datagram. */
const PER_DATAGRAM_MAX = Math.max(...SHAPES.map(perDatagramMax));

/** Every flag of the sender, in the order of the help. No variables: a test sender has no settings to keep. */
const FLAGS = {
  to: {
    flag: "to",
    placeholder: "HOST:PORT",
    default: "127.0.0.1:9999",
    help: "address to send to; IPv6 as [::1]:9999",
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
    defaultShown: "flat out",
    help: "messages per second, such as 200000/s",
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
    help: "messages in a datagram, one a line",
    parse: integer(1, PER_DATAGRAM_MAX),
  },
  seed: {
    flag: "seed",
    placeholder: "N",
    default: "1",
    help: "chooses the values: the same seed sends the same messages",
    parse: integer(0, 2 ** 32 - 1),
  },
  shape: {
    flag: "shape",
    placeholder: SHAPES.join("|"),
    default: "plain",
    help: "as in the example, with whitespace, keys in any order, or keys beside",
    parse: oneOf(SHAPES),
  },
} satisfies { [Key in keyof SenderConfig]: FlagSpec<SenderConfig[Key]> };

/**
 * What the command line asks for.
 *
 * @throws {UsageError} one line that names the flag, the value and what to give instead.
 */
export function parseConfig(args: readonly string[]): StartRequest<SenderConfig> {
  const unset = () => undefined;
  const help = () => helpText("deno task send", FLAGS);
  return startRequest(parseFlags(args, FLAGS, unset, unset), help, (values) => {
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
  if (text === "") return Infinity; // only the default is empty
  return integer(1, RATE_MAX, "messages per second")(text.replace(/\/s$/, ""));
}
