/**
 * Tests every command that a manual shows. A command is run here, or else checked against the code and files
 * that it uses, for example if another test runs it or if it needs root.
 *
 * @module
 */
import assert from "node:assert/strict";
import denoJson from "../../deno.json" with { type: "json" };
import { aggregatorFlags, parseConfig } from "../../src/aggregator/config.ts";
import { parseConfig as parseBalancerConfig } from "../../src/balancer/config.ts";
import { parseConfig as parseFleetConfig } from "../../src/fleet/config.ts";
import { parseConfig as parseProberConfig } from "../../src/prober/config.ts";
import { parseConfig as parseShipperConfig } from "../../src/shipper/config.ts";
import { parseConfig as parseSenderConfig } from "../../src/sender/config.ts";
import { AGGREGATOR } from "../bench/aggregator/contest.ts";
import { BALANCER } from "../bench/balancer/contest.ts";
import { checkNames } from "../bench/contest.ts";
import { parseOptions } from "../bench/options.ts";
import { withDirectory } from "../support/disk/temporary_directory.ts";
import { type Manual, manual, MANUALS, manualTest } from "../support/house/manuals.ts";
import * as parser from "../support/house/manual_parser.ts";
import { Shell, startAndStop } from "../support/house/manual_shell.ts";

const DOCKERFILE = await Deno.readTextFile("Dockerfile");
const COMPOSE = await Deno.readTextFile("docker-compose.yml");

/** This unit needs a database, so shipper_test.ts runs its command line. */
const SHIPPER_UNIT = "sluice-shipper@.service";
const UNIT_FILES = ["sluice-aggregator@.service", "sluice-balancer@.service", SHIPPER_UNIT];
const UNITS: ReadonlyMap<string, string> = new Map(
  await Promise.all(
    UNIT_FILES.map(async (name) => [name, await Deno.readTextFile(`src/operations/${name}`)] as const),
  ),
);

const FACTS = { cores: 2, stderrIsTerminal: true };
const unset = () => undefined;
const TASKS: Readonly<Record<string, { command: string }>> = denoJson.tasks;

const RUNNING: Deno.PermissionOptionsObject = {
  // A PostgreSQL server is started through the shell.
  run: [Deno.execPath(), "/bin/sh"],
  net: ["127.0.0.1"],
  read: ["data"],
  write: ["data"],
};

/** Sections whose commands a reader runs one after another; the test does the same. */
const RUN_TOGETHER: readonly (readonly [manual: Manual, ...sections: string[]])[] = [
  ["README.md", "A first message"],
  ["README.md", "A first redirect"],
  [
    "src/balancer/README.md",
    "A first redirect",
    "Add a CDN",
    "Change a ratio safely",
    "Take a CDN or a server out for maintenance",
    "Let failing CDNs drop out by themselves",
    "Protect the origin",
    "Explain one redirect",
    "Watch it",
    "Steer players that are playing",
    "API",
  ],
  ["src/shipper/README.md", "Try a fleet of two on one machine"],
];

function assertTaskExists(task: string): void {
  assert.ok(TASKS[task], `deno.json has no task "${task}"`);
}

function assertDockerRuns(image: string, words: readonly string[]): void {
  const stage = image.replace("sluice-", "");
  const [volume, port] = ["-v", "-p"].map((option) => words[words.indexOf(option) + 1]!.split(":").at(-1)!);
  assert.ok(parser.instructionOf(DOCKERFILE, stage, "EXPOSE")!.split(" ").includes(port!));
  assert.equal(parser.instructionOf(DOCKERFILE, "runtime", "VOLUME"), volume);
  parseConfig(words.slice(words.indexOf(image) + 1), unset, unset, FACTS);
}

/** Asserts that a command line equals a task, apart from the scopes of the permissions. */
function assertOnlyScopesDiffer(command: string, task: string): void {
  const withoutScopes = (words: readonly string[]) =>
    words.map((word) => word.replace(/^(--allow-\w+)=.*/, "$1"));
  const [, ...expected] = withoutScopes(parser.shellWords(TASKS[task]!.command)).slice(0, -1);
  assert.deepEqual(withoutScopes(parser.shellWords(command)), expected);
}

/** Commands that are not run here: their form, the reason, and a check in place of the run. */
const CHECKED: readonly (readonly [form: RegExp, why: string, check: (...groups: string[]) => void])[] = [
  [/^deno task (start|start:sandbox|test)$/, "does not end by itself, or runs this test", assertTaskExists],
  [/^deno task start (--.*)$/, "tests/aggregator/main_test.ts runs it", (flags) => {
    assert.equal(parseConfig(parser.shellWords(flags!), unset, unset, FACTS).kind, "run");
  }],
  [/^deno task send ?(.*)$/, "tests/sender/main_test.ts runs it", (flags) => {
    assert.equal(parseSenderConfig(parser.shellWords(flags!)).kind, "run");
  }],
  [
    /^deno (run --no-prompt .*) src\/aggregator\/main\.ts (.*)$/,
    "needs an address of a real network",
    (command, flags) => {
      assertOnlyScopesDiffer(command!, "start");
      assert.equal(parseConfig(parser.shellWords(flags!), unset, unset, FACTS).kind, "run");
    },
  ],
  [
    /^deno (run --no-prompt .*) src\/sender\/main\.ts (.*)$/,
    "needs an address of a real network",
    (command, flags) => {
      assertOnlyScopesDiffer(command!, "send");
      assert.equal(parseSenderConfig(parser.shellWords(flags!)).kind, "run");
    },
  ],
  [/^deno task bench (--.*)$/, "takes minutes", (flags) => {
    const request = parseOptions(flags!.split(" "), "");
    assert.ok(request.kind === "run");
    checkNames([AGGREGATOR, BALANCER], request.options);
  }],
  [/^npx -y deno@([\d.]+) task ([\w:]+)$/, "fetches from a registry", (version, task) => {
    assert.equal(version, /^ARG DENO_VERSION=(.*)$/m.exec(DOCKERFILE)?.[1]);
    assertTaskExists(task!);
  }],
  [/^sysctl -w net\.core\.rmem_max=(\d+)$/, "needs root", (bytes) => {
    assert.equal(bytes, aggregatorFlags(FACTS).receiveBufferBytes.default);
  }],
  [/^sysctl -w (net\.ipv4\.tcp_migrate_req)=1$/, "needs root", (name) => {
    assert.ok(COMPOSE.includes(`sysctls: { ${name}: 1 }`));
    assert.ok(UNITS.get("sluice-balancer@.service")!.includes(`ExecStartPre=+/sbin/sysctl -w ${name}=1\n`));
  }],
  [
    /^(?:DATABASE_URL=(\S+) )?deno task balancer ?(.*)$/,
    "needs files or PostgreSQL; tests/balancer/acceptance runs it",
    (databaseUrl, flags) => {
      const env = (name: string) => name === "DATABASE_URL" ? databaseUrl : undefined;
      assert.equal(parseBalancerConfig(parser.shellWords(flags!), env, unset, FACTS).kind, "run");
    },
  ],
  [/^deno (run .*) src\/balancer\/main\.ts$/, "needs other hosts", (command) => {
    const words = parser.shellWords(command!);
    const task = parser.shellWords(TASKS.balancer!.command);
    const grants = (all: readonly string[]) => all.filter((word) => word.startsWith("--allow-net="));
    const [hosts, local] = [grants(words), grants(task)].map((all) => all.join().split(/[=,]/));
    assert.deepEqual(local!.filter((host) => !hosts!.includes(host)), []);
    assert.deepEqual(
      words.filter((word) => !grants(words).includes(word)),
      task.slice(1, -1).filter((word) => !grants(task).includes(word)),
    );
  }],
  [
    /^DENO_DIR=(\S+) deno cache (--frozen .*)$/,
    "writes to a system directory",
    (directory, words) => {
      assert.ok(UNITS.get("sluice-balancer@.service")!.includes(`Environment=DENO_DIR=${directory} `));
      assert.ok(DOCKERFILE.replace(/ \\\n\s*/g, " ").includes(`RUN deno cache ${words} `));
    },
  ],
  [/^useradd --system (\w+)$/, "needs root", (user) => {
    for (const [name, unit] of UNITS) assert.ok(unit.includes(`\nUser=${user}\n`), name);
  }],
  [/^systemctl reload ([\w-]+@)\w+$/, "needs systemd", (unit) => {
    assert.match(UNITS.get(`${unit}.service`)!, /^ExecReload=\/bin\/kill -HUP \$MAINPID$/m);
  }],
  [/^(?:systemctl (?:st\w+|enable --now)) ([\w-]+@)\w+$/, "needs systemd", (unit) => {
    assert.ok(UNITS.has(`${unit}.service`), `there is no unit ${unit}.service`);
  }],
  [/^cp src\/operations\/([\w-]+@\.service) \/etc\/systemd\/system\/$/, "needs systemd", (unit) => {
    assert.ok(UNITS.has(unit!), `there is no unit ${unit}`);
  }],
  [/^docker build --target (\w+) -t (\S+) \.$/, "tests/container builds it", (target, image) => {
    assert.ok(parser.instructionOf(DOCKERFILE, target!, "ENTRYPOINT"));
    assert.equal(image, `sluice-${target}`);
  }],
  [
    /^docker (run .* (sluice-aggregator) .*)$/,
    "tests/container runs it",
    (args, image) => assertDockerRuns(image!, args!.split(" ")),
  ],
  [/^echo "ADMIN_TOKENS=alice:.*,prober:.*:health" >> \.env$/, "changes .env", () => {}],
  [
    /^PROBE_TOKEN=\$\(sed -n '.*' \.env\) deno task (probe)$/,
    "tests/prober/main_test.ts runs it",
    assertTaskExists,
  ],
  [/^PROBE_TOKEN_FILE=\S+ deno (run .* src\/prober\/main\.ts (.*))$/, "tests/prober/main_test.ts runs it", (
    words,
    flags,
  ) => {
    const task = TASKS.probe!.command.replaceAll("'", "").split(" ");
    for (const word of words!.split(" ")) {
      const isOwn = /^--allow-(net|read)=/.test(word) || flags!.split(" ").includes(word);
      assert.ok(isOwn || task.includes(word), word);
    }
    const env = (name: string) => name === "PROBE_TOKEN" ? "0123456789abcdef" : undefined;
    assert.equal(parseProberConfig(flags!.split(" "), env, unset, true).kind, "run");
  }],
  [/^echo "(\w+)=(?:alice:)?\$\(openssl rand -hex 32\)" >> \.env$/, "changes .env", (variable) => {
    assert.match(COMPOSE, new RegExp(`\\$\\{${variable}:\\?`), "docker-compose.yml asks for it");
  }],
  [
    /^((?:[A-Z_]+=\S+ )+)docker compose (?:--profile (\w+) )?up --build --detach$/,
    "needs Docker",
    (variables, profile) => {
      for (const [, name] of variables!.matchAll(/([A-Z_]+)=/g)) {
        assert.match(COMPOSE, new RegExp(`- ${name}$`, "m"));
      }
      if (profile) assert.ok(COMPOSE.includes(`profiles: [${profile}]`));
    },
  ],
  [/^docker compose -f (\S+) up --build --detach$/, "needs Docker", (file) => {
    assert.ok(manual("src/shipper/README.md").includes(`\`\`\`yaml\n# ${file}\n`));
  }],
  [/^deno task fleet ?(.*)$/, "tests/fleet/main_test.ts runs it", (flags) => {
    assert.equal(parseFleetConfig(parser.shellWords(flags!), unset, unset, true).kind, "run");
  }],
  [/^deno (run .*) src\/shipper\/main\.ts (--.*)$/, "needs another host", (command, flags) => {
    const task = parser.grantsOf(parser.shellWords(TASKS.ship!.command));
    const added = parser.grantsOf(parser.shellWords(command!)).difference(task);
    assert.deepEqual([...added], ["net=db.example.net:5432", "read=/var/lib/sluice"]);
    const facts = { hostname: "edge", stderrIsTerminal: true };
    assert.equal(parseShipperConfig(parser.shellWords(flags!), unset, unset, facts).kind, "run");
  }],
  [
    /^curl -s http:\/\/(127\.0\.0\.1:9997)\/(readyz|metrics)$/,
    "tests/shipper/admin_test.ts requests it",
    (address) => assert.ok(UNITS.get(SHIPPER_UNIT)!.includes(` SLUICE_SHIP_ADMIN=${address}\n`)),
  ],
  [/^docker compose --profile (\w+) up --detach$/, "needs Docker", (profile) => {
    assert.ok(COMPOSE.includes(`profiles: [${profile}]`));
  }],
  [/^(deno run --cpu-prof .*)$/, "a test below runs it", () => {}],
  [/^DENO_V8_FLAGS=\S+ perf record .* deno task (\w+)$/, "needs perf", assertTaskExists],
  [
    /^perf report -i (\S+) .*$/,
    "needs perf",
    (file) => assert.ok(manual("tests/README.md").includes(`perf record -g -o ${file} `)),
  ],
];

const isRun = (path: Manual, section: string): boolean =>
  RUN_TOGETHER.some(([other, ...sections]) => other === path && sections.includes(section));

Deno.test({
  name: "manuals: every command is run or checked by a test",
  permissions: "none",
  fn() {
    const elsewhere = MANUALS.flatMap((path) =>
      parser.commandsIn(manual(path)).filter(({ section }) => !isRun(path, section))
        .map(({ command }) => ({ path, command }))
    );
    const used = elsewhere.map(({ path, command }) => {
      const found = CHECKED.find(([form]) => form.test(command));
      assert.ok(found, `${path} shows "${command}", which nothing tests; add it to RUN_TOGETHER or CHECKED`);
      const [form, , check] = found;
      check(...form.exec(command)!.slice(1));
      return found;
    });
    for (const entry of CHECKED) {
      assert.ok(used.includes(entry), `no manual shows ${entry[0]}; remove it from CHECKED`);
    }
  },
});

for (const [path, ...sections] of RUN_TOGETHER) {
  const names = new Set([sections.at(0), sections.at(-1)]);
  manualTest(path, `the commands under "${[...names].join('" to "')}" print the output shown`, async () => {
    await using shell = new Shell();
    const commands = parser.commandsIn(manual(path)).filter(({ section }) => sections.includes(section));
    assert.ok(commands.length >= 4);
    for (const shown of commands) await shell.show(shown);
    if (!sections.includes("API")) return;
    const { paths, components } = await (await fetch(`${shell.balancer.url}/api/v1/openapi.json`)).json();
    const described = Object.entries<object>(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`)
    );
    const calls = parser.tableOf(manual(path), "API", "call").flatMap(({ call }) => parser.codesIn(call!));
    assert.deepEqual(calls.sort(), described.sort());
    const fields = parser.tableOf(manual(path), "Route fields", "field").flatMap(({ field }) =>
      parser.codesIn(field!)
    );
    assert.deepEqual(fields.sort(), Object.keys(components.schemas.RouteSettings.properties).sort());
  }, RUNNING);
}

manualTest("README.md", "a command in a manual that nothing tests fails the test", async () => {
  const markdown =
    "# A\n\n```sh\ndeno task start --new 1\n```\n\n- b\n\n  ```console\n  $ rm -r a \\\n    b\n  gone\n  ```\n";
  assert.deepEqual(parser.commandsIn(markdown), [
    { command: "deno task start --new 1", output: [], section: "A" },
    { command: "rm -r a b", output: ["gone"], section: "A" },
  ]);
  await using shell = new Shell();
  for (const command of ["rm -r a", "curl -k http://127.0.0.1:8080/"]) {
    await assert.rejects(
      shell.show({ command, output: [], section: "" }),
      /which nothing tests|does not know -k/,
    );
  }
});

for (const [file, unit] of UNITS) {
  if (file === SHIPPER_UNIT) continue;
  manualTest(
    "src/aggregator/README.md",
    `the command line of the unit ${file} starts the service without an error`,
    () =>
      withDirectory(async (directory) => {
        const [, command] = /^ExecStart=(.*)$/m.exec(unit.replace(/\\\n\s*/g, ""))!;
        const [deno, ...args] = command!.replaceAll(/127\.0\.0\.1:\d+%i/g, "127.0.0.1:0").replaceAll(
          "%i",
          "1",
        )
          .replaceAll(/\/var\/lib\/sluice[\w-]*/g, directory).split(" ");
        assert.equal(deno, "/usr/local/bin/deno");
        const { code, lines } = await startAndStop([...args, "--listen", "0.0.0.0:0"]);
        assert.equal(code, 0, lines.join("\n"));
        assert.ok(lines.some((line) => line.includes('"listening"')));
        assert.ok(!lines.some((line) => line.includes('"level":"error"')), lines.join("\n"));
      }),
    RUNNING,
  );
}

manualTest(
  "tests/README.md",
  "the command for a CPU profile writes a file of each kind",
  () =>
    withDirectory(async (directory) => {
      const { command } = parser.commandsIn(manual("tests/README.md")).find(({ command }) =>
        command.includes("--cpu-prof")
      )!;
      const [, ...args] = parser.shellWords(
        command.replace("data/profile", directory).replace("127.0.0.1:9999", "127.0.0.1:0"),
      );
      const { code, lines } = await startAndStop([
        ...args,
        "--workers",
        "1",
        "--admin",
        "off",
        "--out",
        `${directory}/a.jsonl`,
      ]);
      assert.equal(code, 0, lines.join("\n"));
      const files = (await Array.fromAsync(Deno.readDir(directory))).map(({ name }) =>
        name.split(".").at(-1)
      );
      // At least the master's files exist: the process exits without waiting for the profiles of the workers.
      for (const kind of ["md", "cpuprofile"]) assert.ok(files.includes(kind), `${kind} of ${files}`);
    }),
  RUNNING,
);
