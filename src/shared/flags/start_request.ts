import type { FlagTable, FlagValues, ParsedFlags } from "./flags.ts";

/** What a command line asks for: the help, the version, or a run with these settings. */
export type StartRequest<Config> =
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "version" }
  | { readonly kind: "run"; readonly config: Config };

/** Turns parsed flags into a request. `help` and `configOf` are called only when they are needed. */
export function startRequest<Table extends FlagTable, Config>(
  parsed: ParsedFlags<Table>,
  help: () => string,
  configOf: (values: FlagValues<Table>) => Config,
): StartRequest<Config> {
  if (parsed.kind === "help") return { kind: "help", text: help() };
  if (parsed.kind === "version") return { kind: "version" };
  return { kind: "run", config: configOf(parsed.values) };
}
