/**
 * The rules for containers and systemd units: what the Dockerfile, docker-compose.yml and the units grant and
 * deny.
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

/** Makes a rule for docker-compose.yml of a check of a single service. */
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

/**
 * A program in a container can't gain rights: it can't write to the image, has no capabilities and isn't
 * root. Limits on memory and processes protect the host, and a container that fails is restarted.
 */
export const lockedServices: Check = eachService((service, stages) => {
  const user = service.user ??
    instruction(stages, service.build?.target, "USER") ?? "root";
  const conditions: [isMet: boolean, finding: string][] = [
    [service.read_only === true, "can write to its root file system; set read_only: true"],
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
      "can gain privileges; add no-new-privileges:true to security_opt",
    ],
    [
      /^[1-9]\d*:[1-9]\d*$/.test(user),
      `runs as ${user}; set user: to a numeric user and group that are not root's`,
    ],
    [
      service.mem_limit !== undefined && service.pids_limit !== undefined,
      "lacks mem_limit or pids_limit; set both",
    ],
    [
      service.restart === "unless-stopped",
      "stays down after a failure; set restart: unless-stopped",
    ],
  ];
  return conditions.filter(([isMet]) => !isMet).map(([, finding]) => finding);
});

/**
 * An image from a registry is pinned to a version. An image of the project is built from an existing stage.
 */
export const pinnedImages: Check = eachService(({ image, build }, stages) => {
  if (build) {
    return stages.has(build.target)
      ? []
      : [`is built from ${build.target}, which the Dockerfile lacks; correct the target`];
  }
  return /:v?\d+\.\d+[\w.-]*$/.test(image ?? "") ? [] : [`runs ${image}; add its version, such as :1.2`];
});

/**
 * Every service has a health check, in docker-compose.yml or in its image, so that a hanging service is
 * noticed.
 */
export const watchedServices: Check = eachService(
  ({ healthcheck, build }, stages) => {
    const hasCheck = healthcheck !== undefined ||
      instruction(stages, build?.target, "HEALTHCHECK") !== undefined;
    return hasCheck ? [] : ["has no health check; add one"];
  },
);

/** Variables that hold the path of a file with a secret, not the secret. */
const SECRET_PATHS = /_TLS_KEY$|_FILE$/;

/** Secrets that may stay unset. docker-compose.yml passes them on without a default. */
const OPTIONAL_SECRETS = new Set(["BALANCER_METRICS_TOKEN"]);

/** docker-compose.yml contains no secrets, and docker compose fails if a required secret is not set. */
export const secretsFromOutside: Check = eachService(({ environment = [] }) => {
  const required = /^\$\{\w+:\?[^}]+\}$/;
  return environment.filter((entry) => {
    if (OPTIONAL_SECRETS.has(entry)) return false;
    const [, name, value = ""] = /^(\w+)(?:=(.*))?$/.exec(entry) ?? [];
    const password = /^\w+:\/\/[^:]*:(.*)@/.exec(value)?.[1];
    return /PASSWORD|TOKEN|SECRET|KEY/.test(name ?? "") &&
        !SECRET_PATHS.test(name ?? "")
      ? !required.test(value)
      : password && !required.test(password);
  }).map((entry) =>
    `does not require the secret ${entry.replace(/=.*/, "")} from outside; write \${NAME:?set NAME in .env}`
  );
});

/** The ports that every host may reach. */
const PUBLIC_PORTS = ["8080:8080", "9999:9999/udp"];

/** All other ports are published on 127.0.0.1, so that only this host reaches them. */
export const privatePorts: Check = eachService(({ ports = [] }) =>
  ports.filter((port) => !PUBLIC_PORTS.includes(port) && !port.startsWith("127.0.0.1:"))
    .map((port) => `publishes ${port} to every host; begin the entry with 127.0.0.1:`)
);

/** Returns the values of each permission flag, such as `data` and `src` for `--allow-read`. */
function permissionsIn(words: readonly string[]): Map<string, string[]> {
  return new Map(
    words.filter((word) => /^--(allow|ignore)-/.test(word)).map((word) => {
      const [flag, values = ""] = word.split("=");
      return [flag!, values.split(",")];
    }),
  );
}

/** A container has at most the permissions of the service's task. */
export const taskPermissions: Check = (tree) => {
  const commands = taskCommands(tree).map((command) => command.replace(/["']/g, "").split(" "));
  return [...containersOf(tree).stages].flatMap(([stage, { instructions }]) => {
    const entrypoint = instructions.find(({ keyword }) => keyword === "ENTRYPOINT");
    if (entrypoint === undefined) return [];
    const words = wordsOf(entrypoint.text);
    const task = commands.find((command) => command.at(-1) === words.at(-1));
    if (task === undefined) {
      return [
        `Dockerfile: ${stage} runs ${words.at(-1)}, which no task of deno.json runs; correct the ENTRYPOINT`,
      ];
    }
    const granted = permissionsIn(task);
    return [...permissionsIn(words)].flatMap(([flag, values]) =>
      values.filter((value) => !granted.get(flag)?.includes(value))
        .map((value) =>
          `Dockerfile: ${stage} has ${flag}=${value}, which the task of ${words.at(-1)} lacks; remove it`
        )
    );
  });
};

/** The data directory of a service under systemd. A task uses `data` instead. */
const UNIT_DATA = /^\/var\/lib\/sluice[\w%-]*$/;

/**
 * Permissions that only a unit has: the database host from its settings file, and systemd's credentials
 * directory.
 */
const UNIT_ONLY = ["--allow-net=${DATABASE_HOST}", "--allow-read=%d"];

/** A systemd unit has at most the permissions of the service's task, apart from {@linkcode UNIT_ONLY}. */
export const unitPermissions: Check = (tree) => {
  const commands = taskCommands(tree).map((command) => command.replace(/["']/g, "").split(" "));
  return [...tree].filter(([file]) => file.endsWith(".service")).flatMap(
    ([file, text]) => {
      const [, line = ""] = /^ExecStart=(.*)$/m.exec(text.replace(/\\\n\s*/g, "")) ?? [];
      const words = line.split(" ");
      const program = words.find((word) => word.endsWith("/main.ts"));
      const task = commands.find((command) => command.at(-1) === program);
      if (task === undefined) {
        return [`${file}: runs ${program}, which no task of deno.json runs; correct ExecStart`];
      }
      const granted = permissionsIn(task);
      return [...permissionsIn(words)].flatMap(([flag, values]) =>
        values.filter((value) => !UNIT_ONLY.includes(`${flag}=${value}`))
          .map((value) => UNIT_DATA.test(value) ? "data" : value)
          .filter((value) =>
            !granted.get(flag)?.some((each) => each === value || each.startsWith(`${value}/`))
          )
          .map((value) => `${file}: has ${flag}=${value}, which the task of ${program} lacks; remove it`)
      );
    },
  );
};

/**
 * An entrypoint in docker-compose.yml is the image's ENTRYPOINT; it may add net permissions for other
 * services.
 */
export const imageEntrypoints: Check = (tree) => {
  const { services } = containersOf(tree);
  const names = services.map(([name]) => name);
  const isService = (host: string) => names.some((name) => new RegExp(`^${name}:\\d+$`).test(host));
  const withoutServices = (word: string) =>
    word.startsWith("--allow-net=") ? word.split(",").filter((host) => !isService(host)).join() : word;
  return eachService(({ entrypoint, build }, stages) => {
    const imageWords = wordsOf(instruction(stages, build?.target, "ENTRYPOINT"));
    const differs = entrypoint &&
      entrypoint.map(withoutServices).join("\n") !== imageWords.join("\n");
    return differs
      ? [
        "has an entrypoint that differs from the Dockerfile's; copy it from the Dockerfile",
      ]
      : [];
  })(tree);
};

/**
 * Settings of .env.example that docker-compose.yml does not pass on: containers fix them, or do not need
 * them.
 */
const NOT_PASSED_ON =
  ("BALANCER_LISTEN BALANCER_ADMIN BALANCER_DATA BALANCER_METRICS_TO DATABASE_URL SLUICE_LISTEN SLUICE_OUT SLUICE_CHECKPOINT SLUICE_ADMIN " +
    "SLUICE_SHIP_FILE SLUICE_SHIP_ADMIN SLUICE_SHIP_DATA " +
    // docker-compose.yml has no prober: users write its service, with the hosts that it may reach.
    "PROBE_REPORT_TO PROBE_PRIVATE PROBE_LOG_LEVEL PROBE_LOG_FORMAT PROBE_TOKEN")
    .split(" ");

/**
 * docker-compose.yml passes every setting of .env.example to a service, and .env.example explains all it
 * uses.
 */
export const explainedVariables: Check = (tree) => {
  const explained = [
    ...(tree.get(".env.example") ?? "").matchAll(/^#?([A-Z_]+)=/gm),
  ].map(([, name]) => name!);
  const used = containersOf(tree).services.flatMap(([, { environment = [] }]) => environment)
    .flatMap((entry) =>
      entry.includes("=") ? [...entry.matchAll(/\$\{(\w+)/g)].map(([, name]) => name!) : [entry]
    );
  return [
    ...explained.filter((name) => !used.includes(name) && !NOT_PASSED_ON.includes(name))
      .map((name) => `docker-compose.yml: no service gets ${name} of .env.example; add it to an environment`),
    ...[...new Set(used)].filter((name) => !explained.includes(name))
      .map((name) => `.env.example: ${name} is missing, but docker-compose.yml uses it; add and explain it`),
  ];
};
