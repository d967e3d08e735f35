/**
 * The rules of the house for containers: what the Dockerfile and docker-compose.yml grant, and what they keep back.
 *
 * @module
 */
import { instruction, parseCompose, type Service, type Stage, stagesOf, wordsOf } from "./compose.ts";
import type { Check, Tree } from "./tree.ts";
import { taskCommands } from "./house_commands.ts";

interface Containers {
  services: [name: string, service: Service][];
  stages: Map<string, Stage>;
}

function containersOf(tree: Tree): Containers {
  return {
    services: Object.entries(
      parseCompose(tree.get("docker-compose.yml") ?? "services: {}"),
    ),
    stages: stagesOf(tree.get("Dockerfile") ?? ""),
  };
}

/** A check of one service after the other. */
const eachService = (
  check: (
    service: Service,
    stages: Containers["stages"],
    name: string,
  ) => string[],
): Check =>
(tree) => {
  const { services, stages } = containersOf(tree);
  return services.flatMap(([name, service]) =>
    check(service, stages, name).map((finding) => `docker-compose.yml: ${name} ${finding}`)
  );
};

/** Nobody in a container gets more than it was given: not by writing to it, nor by a program of root's. */
export const lockedServices: Check = eachService((service, stages) => {
  const user = service.user ??
    instruction(stages, service.build?.target, "USER") ?? "root";
  const locks: [isClosed: boolean, finding: string][] = [
    [service.read_only === true, "can write to its root; set read_only: true"],
    [
      service.cap_drop?.join() === "ALL",
      "keeps capabilities; set cap_drop: [ALL]",
    ],
    [
      !service.cap_add && !service.privileged,
      "is given capabilities; remove cap_add and privileged",
    ],
    [
      service.security_opt?.includes("no-new-privileges:true") === true,
      "lacks no-new-privileges:true",
    ],
    [
      /^[1-9]\d*:[1-9]\d*$/.test(user),
      `runs as ${user}; name a user and a group by numbers, not those of root`,
    ],
    [
      service.mem_limit !== undefined && service.pids_limit !== undefined,
      "lacks mem_limit or pids_limit",
    ],
    [
      service.restart === "unless-stopped",
      "stays down after a failure; set restart: unless-stopped",
    ],
  ];
  return locks.filter(([isClosed]) => !isClosed).map(([, finding]) => finding);
});

/** What runs today runs tomorrow; and what is built here is built from a stage that exists. */
export const pinnedImages: Check = eachService(({ image, build }, stages) => {
  if (build) {
    return stages.has(build.target) ? [] : [`is built from ${build.target}, no stage of the Dockerfile`];
  }
  return /:v?\d+\.\d+[\w.-]*$/.test(image ?? "") ? [] : [`runs ${image}; name its version`];
});

/** A service that hangs is noticed. */
export const watchedServices: Check = eachService(
  ({ healthcheck, build }, stages) => {
    const isWatched = healthcheck !== undefined ||
      instruction(stages, build?.target, "HEALTHCHECK") !== undefined;
    return isWatched ? [] : ["has no health check; give it one"];
  },
);

/** A secret that is missing ends the start; there is no default that everybody knows. */
/** Variables that name the file in which a secret is, and hold none. */
const PATHS = /_TLS_KEY$|_FILE$/;

/** A secret that need not be set is passed on as it is, without a value of its own. */
const OPTIONAL = new Set(["BALANCER_METRICS_TOKEN"]);

export const secretsFromOutside: Check = eachService(({ environment = [] }) => {
  const required = /^\$\{\w+:\?[^}]+\}$/;
  return environment.filter((entry) => {
    if (OPTIONAL.has(entry)) return false;
    const [, name, value = ""] = /^(\w+)(?:=(.*))?$/.exec(entry) ?? [];
    const password = /^\w+:\/\/[^:]*:(.*)@/.exec(value)?.[1];
    return /PASSWORD|TOKEN|SECRET|KEY/.test(name ?? "") &&
        !PATHS.test(name ?? "")
      ? !required.test(value)
      : password && !required.test(password);
  }).map((entry) => `has the secret ${entry.replace(/=.*/, "")} written down; use \${NAME:?what to do}`);
});

/** Ports for everybody; the others are for this host alone. */
const PUBLIC_PORTS = ["8080:8080", "9999:9999/udp"];

export const privatePorts: Check = eachService(({ ports = [] }) =>
  ports.filter((port) => !PUBLIC_PORTS.includes(port) && !port.startsWith("127.0.0.1:"))
    .map((port) => `publishes ${port} to everybody; begin it with 127.0.0.1:`)
);

/** The values of each permission flag: `--allow-read` → `data`, `src`. */
function permissionsIn(words: readonly string[]): Map<string, string[]> {
  return new Map(
    words.filter((word) => /^--(allow|ignore)-/.test(word)).map((word) => {
      const [flag, values = ""] = word.split("=");
      return [flag!, values.split(",")];
    }),
  );
}

/** A container has no permission that the service's task lacks. */
export const taskPermissions: Check = (tree) => {
  const commands = taskCommands(tree).map((command) => command.replace(/["']/g, "").split(" "));
  return [...containersOf(tree).stages].flatMap(([stage, { instructions }]) => {
    const entrypoint = instructions.find(({ keyword }) => keyword === "ENTRYPOINT");
    if (entrypoint === undefined) return [];
    const words = wordsOf(entrypoint.text);
    const task = commands.find((command) => command.at(-1) === words.at(-1));
    if (task === undefined) {
      return [`Dockerfile: ${stage} runs ${words.at(-1)}, which no task runs`];
    }
    const granted = permissionsIn(task);
    return [...permissionsIn(words)].flatMap(([flag, values]) =>
      values.filter((value) => !granted.get(flag)?.includes(value))
        .map((value) =>
          `Dockerfile: ${stage} has ${flag}=${value}, which the task of ${words.at(-1)} has not`
        )
    );
  });
};

/** The directory of a service's data, which a unit has elsewhere than a task. */
const UNIT_DATA = /^\/var\/lib\/sluice[\w%-]*$/;

/** What only a unit has: the host of the database, which its settings name, and the directory of its credentials. */
const UNIT_ONLY = ["--allow-net=${DATABASE_HOST}", "--allow-read=%d"];

/** A unit of systemd has no permission that the service's task lacks; its data is in a directory of the system. */
export const unitPermissions: Check = (tree) => {
  const commands = taskCommands(tree).map((command) => command.replace(/["']/g, "").split(" "));
  return [...tree].filter(([file]) => file.endsWith(".service")).flatMap(
    ([file, text]) => {
      const [, line = ""] = /^ExecStart=(.*)$/m.exec(text.replace(/\\\n\s*/g, "")) ?? [];
      const words = line.split(" ");
      const program = words.find((word) => word.endsWith("/main.ts"));
      const task = commands.find((command) => command.at(-1) === program);
      if (task === undefined) {
        return [`${file}: runs ${program}, which no task runs`];
      }
      const granted = permissionsIn(task);
      return [...permissionsIn(words)].flatMap(([flag, values]) =>
        values.filter((value) => !UNIT_ONLY.includes(`${flag}=${value}`))
          .map((value) => UNIT_DATA.test(value) ? "data" : value)
          .filter((value) =>
            !granted.get(flag)?.some((each) => each === value || each.startsWith(`${value}/`))
          )
          .map((value) => `${file}: has ${flag}=${value}, which the task of ${program} has not`)
      );
    },
  );
};

/** An entrypoint of docker-compose.yml is that of the image, with the permission to reach other services added. */
export const imageEntrypoints: Check = (tree) => {
  const { services } = containersOf(tree);
  const names = services.map(([name]) => name);
  const isService = (host: string) => names.some((name) => new RegExp(`^${name}:\\d+$`).test(host));
  const withoutServices = (word: string) =>
    word.startsWith("--allow-net=") ? word.split(",").filter((host) => !isService(host)).join() : word;
  return eachService(({ entrypoint, build }, stages) => {
    const ofImage = wordsOf(instruction(stages, build?.target, "ENTRYPOINT"));
    const differs = entrypoint &&
      entrypoint.map(withoutServices).join("\n") !== ofImage.join("\n");
    return differs
      ? [
        "has an entrypoint that is not that of the Dockerfile; copy it from there",
      ]
      : [];
  })(tree);
};

/** Settings of the services that a container fixes, or that only a run without containers has. */
const FIXED =
  ("BALANCER_LISTEN BALANCER_ADMIN BALANCER_DATA BALANCER_METRICS_TO DATABASE_URL SLUICE_LISTEN SLUICE_OUT SLUICE_CHECKPOINT SLUICE_ADMIN " +
    "SLUICE_SHIP_FILE SLUICE_SHIP_ADMIN SLUICE_SHIP_DATA " +
    // The prober's: what it may reach is the user's to say, and so is its service.
    "PROBE_REPORT_TO PROBE_PRIVATE PROBE_LOG_LEVEL PROBE_LOG_FORMAT PROBE_TOKEN")
    .split(" ");

/** Every setting of .env.example reaches its service, and every one that docker-compose.yml asks for is explained. */
export const explainedVariables: Check = (tree) => {
  const explained = [
    ...(tree.get(".env.example") ?? "").matchAll(/^#?([A-Z_]+)=/gm),
  ].map(([, name]) => name!);
  const used = containersOf(tree).services.flatMap(([, { environment = [] }]) => environment)
    .flatMap((entry) =>
      entry.includes("=") ? [...entry.matchAll(/\$\{(\w+)/g)].map(([, name]) => name!) : [entry]
    );
  return [
    ...explained.filter((name) => !used.includes(name) && !FIXED.includes(name))
      .map((name) => `docker-compose.yml: ${name} of .env.example reaches no service; pass it on`),
    ...[...new Set(used)].filter((name) => !explained.includes(name))
      .map((name) => `.env.example: ${name} of docker-compose.yml is missing; explain it`),
  ];
};
