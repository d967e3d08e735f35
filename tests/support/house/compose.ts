/**
 * docker-compose.yml and the Dockerfile as tests read them: without Docker.
 *
 * @module
 */
import { CORE_SCHEMA, load, mergeTag } from "js-yaml";

/** What this project uses of a service; environment, ports and volumes in their short forms. */
export interface Service {
  image?: string;
  build?: { context: string; target: string };
  profiles?: string[];
  user?: string;
  entrypoint?: string[];
  command?: string[];
  /** `NAME=VALUE`, or `NAME` to pass on what is set outside. */
  environment?: string[];
  ports?: string[];
  volumes?: string[];
  tmpfs?: string[];
  healthcheck?: { test: string[] };
  restart?: string;
  read_only?: boolean;
  privileged?: boolean;
  cap_add?: string[];
  cap_drop?: string[];
  security_opt?: string[];
  ulimits?: Record<string, number>;
  mem_limit?: string;
  pids_limit?: number;
}

/** Compose files may merge mappings, which YAML itself no longer does. */
const COMPOSE_SCHEMA = CORE_SCHEMA.withTags(mergeTag);

/** The services of a compose file, by name. */
export function parseCompose(text: string): Record<string, Service> {
  const file = load(text, { schema: COMPOSE_SCHEMA }) as {
    services: Record<string, Service>;
  };
  return file.services;
}

/**
 * An environment as a container gets it.
 *
 * @throws {Error} A variable that must be set is not.
 */
export function environmentOf(
  { environment = [] }: Service,
  set: Record<string, string>,
): string[] {
  return environment.flatMap((entry) => {
    if (!entry.includes("=")) {
      return set[entry] === undefined ? [] : [`${entry}=${set[entry]}`];
    }
    return [
      entry.replaceAll(
        /\$\{(\w+):-([^}]*)\}/g,
        (_, name, value) => set[name] || value,
      ).replaceAll(
        /\$\{(\w+):\?([^}]*)\}/g,
        (_, name, message) => {
          if (!set[name]) throw new Error(message);
          return set[name];
        },
      ),
    ];
  });
}

/** A stage of a Dockerfile: what it is made from, and its instructions with their continued lines joined. */
export interface Stage {
  from: string;
  instructions: { keyword: string; text: string }[];
}

/** The stages of a Dockerfile, by name. */
export function stagesOf(dockerfile: string): Map<string, Stage> {
  const stages = new Map<string, Stage>();
  let stage: Stage | undefined;
  const lines = dockerfile.replaceAll(/^\s*#.*\n/gm, "").replaceAll(
    /\\\n\s*/g,
    "",
  ).split("\n");
  for (const line of lines) {
    const [, keyword, text] = /^([A-Z]+) +(.*)$/.exec(line) ?? [];
    if (keyword === "FROM") {
      const [from, name] = text!.split(" AS ");
      stages.set(name ?? from!, stage = { from: from!, instructions: [] });
    } else if (keyword) stage?.instructions.push({ keyword, text: text! });
  }
  return stages;
}

/** The last of these instructions that is in force in a stage: its own, or one of the stage that it is made from. */
export function instruction(
  stages: ReadonlyMap<string, Stage>,
  stage: string | undefined,
  keyword: string,
): string | undefined {
  const found = stages.get(stage ?? "");
  return found?.instructions.findLast((candidate) => candidate.keyword === keyword)?.text ??
    (found && instruction(stages, found.from, keyword));
}

/** The words of the array that an instruction ends with: `CMD ["a", "b"]`. */
export function wordsOf(text = "[]"): string[] {
  return JSON.parse(text.slice(text.indexOf("[")));
}
