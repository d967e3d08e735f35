import { type FlagSpec, helpText, integer, oneOf, parseFlags } from "../../src/shared/flags/flags.ts";

export const PARTS = ["aggregator", "balancer", "scanner"] as const;
export type Part = typeof PARTS[number];

export interface Options {
  readonly parts: readonly Part[];
  readonly runs: number;
  readonly seconds: number;
  /** Datagrams in a load; null: as many as it sends in `seconds`. */
  readonly count: number | null;
  /** Names of loads; empty: the usual ones. */
  readonly loads: readonly string[];
  /** Names of contenders; empty: all. */
  readonly contenders: readonly string[];
  readonly baseline: string | null;
  readonly json: boolean;
}

export type BenchRequest =
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "version" }
  | { readonly kind: "run"; readonly options: Options };

const names = (text: string): readonly string[] => text === "" ? [] : text.split(",");

const FLAGS = {
  parts: {
    flag: "only",
    placeholder: PARTS.join("|"),
    default: "",
    defaultShown: "all of them",
    help: "measure this part only",
    parse: (text: string): readonly Part[] => text === "" ? PARTS : [oneOf(PARTS)(text)],
  },
  runs: {
    flag: "runs",
    placeholder: "N",
    default: "5",
    help: "measurements of each contender under each load",
    parse: integer(1, 1000),
  },
  seconds: {
    flag: "seconds",
    placeholder: "N",
    default: "1",
    help: "how long each load lasts",
    parse: integer(1, 3600),
  },
  count: {
    flag: "count",
    placeholder: "N",
    default: "",
    defaultShown: "enough for --seconds",
    help: "datagrams in each load of the aggregator; 1000000 and more for figures to quote",
    parse: (text: string): number | null => text === "" ? null : integer(1000, 1e9)(text),
  },
  loads: {
    flag: "load",
    placeholder: "NAME,…",
    default: "",
    defaultShown: "those marked *",
    help: "loads from the list below, or all",
    parse: names,
  },
  contenders: {
    flag: "contender",
    placeholder: "NAME,…",
    default: "",
    defaultShown: "all of them",
    help: "contenders, from the list below",
    parse: names,
  },
  baseline: {
    flag: "baseline",
    placeholder: "NAME",
    default: "",
    defaultShown: "the first that runs",
    help: "the contender that the others are compared with",
    parse: (text: string): string | null => text || null,
  },
} satisfies Record<string, FlagSpec<unknown>>;

/**
 * Parses the command line. `--json`, the only flag without a value, may stand anywhere.
 *
 * @param lists the names of loads and contenders, printed at the end of the help
 * @throws {UsageError} A flag or value is wrong. One line names it and says what to give instead.
 */
export function parseOptions(args: readonly string[], lists: string): BenchRequest {
  const unset = () => undefined;
  const parsed = parseFlags(args.filter((arg) => arg !== "--json"), FLAGS, unset, unset);
  if (parsed.kind === "version") return { kind: "version" };
  if (parsed.kind === "run") {
    return { kind: "run", options: { ...parsed.values, json: args.includes("--json") } };
  }
  const json = "  --json\n      print JSON instead of tables, with every sample";
  return { kind: "help", text: `${helpText("deno task bench", FLAGS)}\n${json}\n\n${lists}` };
}
