/**
 * Tests the security rules for the Dockerfile, docker-compose.yml and the systemd units, without Docker. Each
 * rule is checked twice: the project must follow it, and the rule must find what is wrong in a sample.
 *
 * @module
 */
import assert from "node:assert/strict";
import { environmentOf, parseCompose } from "./support/house/compose.ts";
import type { Check, Tree } from "./support/house/tree.ts";
import * as containers from "./support/house/house_containers.ts";

const DOCKERFILE = `FROM deno:2 AS runtime
USER 65532:65532
# Docker ignores comments between continued lines.
FROM runtime AS a
HEALTHCHECK --interval=1s CMD ["/bin/deno", \\
  # "--prompt",
  "run"]
ENTRYPOINT [ \\
  "deno", "run", "--allow-net=[::]", "--allow-read=data", "a.ts" ]
`;

const LOCKED = `
    read_only: true
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    restart: unless-stopped
    mem_limit: 1g
    pids_limit: 1
`;

interface Rule {
  name: string;
  check: Check;
  /**
   * Files that, together with {@linkcode DOCKERFILE}, break the rule; some entries look similar but are
   * allowed.
   */
  sample: Record<string, string>;
  /** The beginnings of the findings that the check must return for the sample, in order. */
  finds: string[];
}

const RULES: readonly Rule[] = [
  {
    name: "services have no capabilities, no root user, no writable image, and limits",
    check: containers.lockedServices,
    sample: {
      "docker-compose.yml": `
x-locks: &locks
${LOCKED}
services:
  inherited: { <<: *locks, build: { target: a } }
  numbered: { <<: *locks, user: "70:70" }
  root: { <<: *locks, user: "0:0" }
  nobody-named: { <<: *locks }
  open: { user: "1:1", cap_drop: [NET_RAW], cap_add: [CHOWN] }`,
    },
    finds: [
      "docker-compose.yml: root runs as 0:0",
      "docker-compose.yml: nobody-named runs as root",
      "docker-compose.yml: open can write to",
      "docker-compose.yml: open keeps",
      "docker-compose.yml: open is given",
      "docker-compose.yml: open can gain privileges",
      "docker-compose.yml: open lacks mem_limit",
      "docker-compose.yml: open stays down",
    ],
  },
  {
    name: "images are pinned to a version",
    check: containers.pinnedImages,
    sample: {
      "docker-compose.yml": `services:
  a: { image: a, build: { target: a } }
  b: { build: { target: b } }
  c: { image: "example.org:5000/postgres" }
  d: { image: "postgres:18" }
  e: { image: "postgres:18.6-alpine" }`,
    },
    finds: ["docker-compose.yml: b is built", "docker-compose.yml: c runs", "docker-compose.yml: d runs"],
  },
  {
    name: "every service has a health check",
    check: containers.watchedServices,
    sample: {
      "docker-compose.yml": `services:
  a: { build: { target: a } }
  b: { healthcheck: { test: [CMD, "true"] } }
  c: { build: { target: runtime } }`,
    },
    finds: ["docker-compose.yml: c has no"],
  },
  {
    name: "secrets are required from outside, never written in the file",
    check: containers.secretsFromOutside,
    sample: {
      "docker-compose.yml": `services:
  a:
    environment: ["A_PASSWORD=\${A:?set A}", "A_URL=a://b:\${A:?set A}@c", "B_URL=a://b@c:5432", "C=1"]
  b:
    environment: ["A_PASSWORD=\${A:-a}", "A_URL=a://b:c@d", "A_TOKENS", "B_SECRET=a"]`,
    },
    finds: ["PASSWORD", "URL", "TOKENS", "B_SECRET"].map((name) =>
      `docker-compose.yml: b does not require the secret ${name.includes("_") ? name : `A_${name}`} `
    ),
  },
  {
    name: "only the ports for viewers and for senders of metrics are open to other hosts",
    check: containers.privatePorts,
    sample: {
      "docker-compose.yml": `services:
  a: { ports: ["8080:8080", "9999:9999/udp", "127.0.0.1:8081:8081"] }
  b: { ports: ["8081:8081", "0.0.0.0:5432:5432"] }`,
    },
    finds: ["docker-compose.yml: b publishes 8081", "docker-compose.yml: b publishes 0.0.0.0:5432"],
  },
  {
    name: "a container has at most the permissions of its task",
    check: containers.taskPermissions,
    sample: {
      "deno.json": `{ "tasks": { "a": "deno run --allow-net=[::],127.0.0.1 --allow-read='src' a.ts" } }`,
      Dockerfile: `${DOCKERFILE}
FROM runtime AS b
ENTRYPOINT ["deno", "run", "b.ts"]`,
    },
    finds: ["Dockerfile: a has --allow-read=data", "Dockerfile: b runs b.ts"],
  },
  {
    name: "entrypoints in docker-compose.yml are the images' entrypoints plus net permissions for services",
    check: containers.imageEntrypoints,
    sample: {
      "docker-compose.yml": `services:
  a: { build: { target: a } }
  b:
    build: { target: a }
    entrypoint: [deno, run, "--allow-net=[::],a:1,c:65", "--allow-read=data", a.ts]
  c:
    build: { target: a }
    entrypoint: [deno, run, "--allow-net=[::],d:1", "--allow-read=data", a.ts]
  e:
    build: { target: a }
    entrypoint: [deno, run, "--allow-net=[::]", "--allow-read=data,src", a.ts]`,
    },
    finds: ["docker-compose.yml: c has an entrypoint", "docker-compose.yml: e has an entrypoint"],
  },
  {
    name: "a systemd unit has at most the permissions of its task",
    check: containers.unitPermissions,
    sample: {
      "deno.json": `{ "tasks": { "a": "deno run --allow-read=.env,data --allow-write=data src/a/main.ts" } }`,
      "src/operations/a.service":
        "ExecStart=/bin/deno run --allow-read=.env,/var/lib/sluice-a,/etc,%d \\\n  --allow-write=/var/lib/sluice-a,%d --allow-sys=uid src/a/main.ts --b c",
      "src/operations/b.service": "ExecStart=/bin/deno run src/b/main.ts",
    },
    finds: [
      "src/operations/a.service: has --allow-read=/etc,",
      "src/operations/a.service: has --allow-write=%d,",
      "src/operations/a.service: has --allow-sys=uid,",
      "src/operations/b.service: runs src/b/main.ts",
    ],
  },
  {
    name: ".env.example explains every variable, and each reaches a service",
    check: containers.explainedVariables,
    sample: {
      "docker-compose.yml": `services:
  a: { environment: ["A", "B=1", "C=\${D:?set D}"] }`,
      ".env.example": "#A=\nE=\n#SLUICE_OUT=data\n# F=",
    },
    finds: [
      "docker-compose.yml: no service gets E of .env.example",
      ".env.example: D is missing",
    ],
  },
];

const FILES = ["docker-compose.yml", "Dockerfile", "deno.json", ".env.example"];

async function* sources(directory: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(directory)) {
    const path = `${directory}/${name}`;
    if (isDirectory) yield* sources(path);
    else yield path;
  }
}

async function readProject(): Promise<Tree> {
  const files = [
    ...FILES,
    ...await Array.fromAsync(sources("src")),
    ...await Array.fromAsync(sources("tests")),
  ];
  return new Map(files.map((file) => [file, Deno.readTextFileSync(file)]));
}

for (const { name, check, sample, finds } of RULES) {
  Deno.test({
    name: `containers: ${name}`,
    permissions: { read: [...FILES, "src", "tests"] },
    fn: async () => assert.deepEqual(check(await readProject()), []),
  });
  Deno.test({
    name: `containers: finds a sample that breaks "${name}"`,
    permissions: "none",
    fn() {
      const findings = check(new Map(Object.entries({ Dockerfile: DOCKERFILE, ...sample })));
      assert.deepEqual(findings.map((finding, at) => finding.slice(0, finds[at]?.length)), finds);
    },
  });
}

Deno.test({
  name: "containers: docker-compose.yml has six services, and three of them need a profile",
  permissions: { read: FILES },
  fn() {
    const text = Deno.readTextFileSync("docker-compose.yml");
    const services = Object.entries(parseCompose(text));
    assert.deepEqual(services.map(([name, { profiles }]) => [name, ...profiles ?? []].join(" ")), [
      "postgres",
      "balancer",
      "aggregator",
      "shipper fleet",
      "prometheus monitoring",
      "grafana monitoring",
    ]);
  },
});

Deno.test({
  name: "environmentOf: replaces variables, and throws if a required variable is not set or is empty",
  permissions: "none",
  fn() {
    const service = { environment: ["A", "B", "C=x${D:?set D}y", "E=${E:-e}"] };
    assert.deepEqual(environmentOf(service, { B: "1", D: "2" }), ["B=1", "C=x2y", "E=e"]);
    assert.deepEqual(environmentOf(service, { D: "2", E: "3" }), ["C=x2y", "E=3"]);
    for (const set of [{}, { D: "" }]) {
      assert.throws(() => environmentOf(service, set), { message: "set D" });
    }
  },
});
