/**
 * Reads docker-compose.yml and the Dockerfile without Docker.
 *
 * @module
 */
import { CORE_SCHEMA, load, mergeTag } from "js-yaml";

/** The keys of a service that this project uses. Environment, ports and volumes are in their short forms. */
export interface Service {
  image?: string;
  build?: { context: string; target: string };
  profiles?: string[];
  user?: string;
  entrypoint?: string[];
  command?: string[];
  /** `NAME=VALUE`, or `NAME` to pass on the variable of the environment. */
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

/** YAML 1.2 with the merge key `<<`: compose files use it, but YAML 1.2 dropped it. */
const COMPOSE_SCHEMA = CORE_SCHEMA.withTags(mergeTag);

/** Returns the services of a compose file, by name. */
export function parseCompose(text: string): Record<string, Service> {
  const file = load(text, { schema: COMPOSE_SCHEMA }) as {
    services: Record<string, Service>;
  };
  return file.services;
}

/**
 * Returns the environment that a container gets, as `NAME=VALUE`.
 *
 * @param set the variables that are set where docker compose runs
 * @throws {Error} A required variable is not set or is empty.
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

/** A stage of a Dockerfile. Continued lines of an instruction are joined. */
export interface Stage {
  /** The image or stage that it starts from. */
  from: string;
  instructions: { keyword: string; text: string }[];
}

/** Returns the stages of a Dockerfile, by name. */
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

/** Returns the last such instruction of a stage, or else of the stage that it starts from. */
export function instruction(
  stages: ReadonlyMap<string, Stage>,
  stage: string | undefined,
  keyword: string,
): string | undefined {
  const found = stages.get(stage ?? "");
  return found?.instructions.findLast((candidate) => candidate.keyword === keyword)?.text ??
    (found && instruction(stages, found.from, keyword));
}

/** Returns the words of the array at the end of an instruction, such as `CMD ["a", "b"]`. */
export function wordsOf(text = "[]"): string[] {
  return JSON.parse(text.slice(text.indexOf("[")));
}
