import { type FlagSpec, helpText, integer, oneOf, parseFlags } from "../../src/shared/flags/flags.ts";

export const PARTS = ["aggregator", "balancer", "scanner"] as const;
export type Part = typeof PARTS[number];

export interface Options {
  readonly parts: readonly Part[];
  readonly runs: number;
  readonly seconds: number;
  /** Datagrams; null: as many as the load sends in `seconds`. */
  readonly count: number | null;
  /** Names; none: the usual ones. */
  readonly loads: readonly string[];
  /** Names; none: all. */
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
    help: "measure this part alone",
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
    defaultShown: "what --seconds takes",
    help: "datagrams in each load of the aggregator; 1000000 and more for figures to quote",
    parse: (text: string): number | null => text === "" ? null : integer(1000, 1e9)(text),
  },
  loads: {
    flag: "load",
    placeholder: "NAME,…",
    default: "",
    defaultShown: "the usual ones",
    help: "loads, or all; the list below has * where one is usual",
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
    defaultShown: "the first there is",
    help: "the contender that the others are compared to",
    parse: (text: string): string | null => text || null,
  },
} satisfies Record<string, FlagSpec<unknown>>;

/**
 * What the command line asks for. `--json`, the only flag without a value, may stand anywhere.
 *
 * @param lists What the help ends with: the names of the loads and the contenders.
 * @throws {UsageError} one line that names the flag, the value and what to give instead.
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
