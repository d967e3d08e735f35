/**
 * Keeps README.md true: every command it shows is run, or checked against what it depends on where running it is
 * another test's job; every table is compared with what it describes.
 *
 * @module
 */
import assert from "node:assert/strict";
import denoJson from "../deno.json" with { type: "json" };
import { aggregatorFlags, parseConfig } from "../src/aggregator/config.ts";
import { Accumulator, emptyTotals, totalsOf } from "../src/aggregator/aggregate/partial.ts";
import { recordLine } from "../src/aggregator/write/record.ts";
import { AGGREGATOR } from "./bench/aggregator/contest.ts";
import { BALANCER } from "./bench/balancer/contest.ts";
import { checkNames } from "./bench/contest.ts";
import { parseOptions } from "./bench/options.ts";
import { Batch, scanDatagram } from "../src/aggregator/parse/scanner.ts";
import { balancerFlags, parseConfig as parseBalancerConfig } from "../src/balancer/config.ts";
import { parseConfig as parseProberConfig, proberFlags } from "../src/prober/config.ts";
import type { FlagTable } from "../src/shared/flags/flags.ts";
import { LIBC_PATHS } from "../src/shared/libc.ts";
import { parseCompose } from "./support/house/compose.ts";
import { lockedServices, secretsFromOutside, watchedServices } from "./support/house/house_containers.ts";
import { fleetFlags } from "../src/fleet/config.ts";
import { windowLine } from "../src/fleet/windows.ts";
import { shipperFlags } from "../src/shipper/config.ts";
import * as readme from "./support/house/readme.ts";
import { Shell, startAndStop } from "./support/house/readme_shell.ts";
import { withDirectory } from "./support/disk/temporary_directory.ts";

const README = await Deno.readTextFile("README.md");
const DOCKERFILE = await Deno.readTextFile("Dockerfile");
const COMPOSE = await Deno.readTextFile("docker-compose.yml");

const UNIT_FILES = ["sluice-aggregator@.service", "sluice-balancer@.service"];
const UNITS: ReadonlyMap<string, string> = new Map(
  await Promise.all(
    UNIT_FILES.map(async (name) => [name, await Deno.readTextFile(`src/operations/${name}`)] as const),
  ),
);

const FACTS = { cores: 2, stderrIsTerminal: true };
const unset = () => undefined;
const TASKS: Readonly<Record<string, { command: string }>> = denoJson.tasks;

const RUNNING: Deno.PermissionOptionsObject = {
  // The shell starts a PostgreSQL.
  run: [Deno.execPath(), "/bin/sh"],
  net: ["127.0.0.1"],
  read: ["data"],
  write: ["data"],
};

function test(
  name: string,
  fn: () => void | Promise<void>,
  permissions: Deno.PermissionOptions = "none",
): void {
  Deno.test({ name: `readme: ${name}`, permissions, fn });
}

/** The sections whose commands are run one after another, as a reader would. */
const RUN_TOGETHER = [["A first message"], ["A first redirect", "API"], ["A fleet of two"]];

function taskExists(task: string): void {
  assert.ok(TASKS[task], `deno.json has no task "${task}"`);
}

function dockerRuns(image: string, words: readonly string[]): void {
  const stage = image.replace("sluice-", "");
  const [volume, port] = ["-v", "-p"].map((option) => words[words.indexOf(option) + 1]!.split(":").at(-1)!);
  assert.ok(readme.instructionOf(DOCKERFILE, stage, "EXPOSE")!.split(" ").includes(port!));
  assert.equal(readme.instructionOf(DOCKERFILE, "runtime", "VOLUME"), volume);
  parseConfig(words.slice(words.indexOf(image) + 1), unset, unset, FACTS);
}

/** The commands that are not run here, why, and what is looked at instead. */
const CHECKED: readonly (readonly [form: RegExp, why: string, check: (...groups: string[]) => void])[] = [
  [/^deno task (start|test)$/, "runs for ever, or runs this test", taskExists],
  [/^deno task bench (--.*)$/, "takes minutes", (flags) => {
    const request = parseOptions(flags!.split(" "), "");
    assert.ok(request.kind === "run");
    checkNames([AGGREGATOR, BALANCER], request.options);
  }],
  [/^npx -y deno@([\d.]+) task ([\w:]+)$/, "fetches from a registry", (version, task) => {
    assert.equal(version, /^ARG DENO_VERSION=(.*)$/m.exec(DOCKERFILE)?.[1]);
    taskExists(task!);
  }],
  [/^sysctl -w net\.core\.rmem_max=(\d+)$/, "needs root", (bytes) => {
    assert.equal(bytes, aggregatorFlags(FACTS).receiveBufferBytes.default);
  }],
  [/^sysctl -w (net\.ipv4\.tcp_migrate_req)=1$/, "needs root", (name) => {
    assert.ok(COMPOSE.includes(`sysctls: { ${name}: 1 }`));
    assert.ok(UNITS.get("sluice-balancer@.service")!.includes(`ExecStartPre=+/sbin/sysctl -w ${name}=1\n`));
  }],
  [/^deno task balancer (--listen .*)$/, "tests/balancer/acceptance/tls_test.ts runs it", (flags) => {
    assert.equal(parseBalancerConfig(flags!.split(" "), unset, unset, FACTS).kind, "run");
  }],
  [/^(?:systemctl (?:st\w+|enable --now)) ([\w-]+@)\w+$/, "needs systemd", (unit) => {
    assert.ok(UNITS.has(`${unit}.service`), `there is no unit ${unit}.service`);
  }],
  [/^cp src\/operations\/([\w-]+@\.service) \/etc\/systemd\/system\/$/, "needs systemd", (unit) => {
    assert.ok(UNITS.has(unit!), `there is no unit ${unit}`);
  }],
  [/^docker build --target (\w+) -t (\S+) \.$/, "tests/container builds it", (target, image) => {
    assert.ok(readme.instructionOf(DOCKERFILE, target!, "ENTRYPOINT"));
    assert.equal(image, `sluice-${target}`);
  }],
  [
    /^docker (run .* (sluice-aggregator) .*)$/,
    "tests/container runs it",
    (args, image) => dockerRuns(image!, args!.split(" ")),
  ],
  [/^echo "ADMIN_TOKENS=alice:.*,prober:.*:health" >> \.env$/, "would change .env", () => {}],
  [
    /^PROBE_TOKEN=\$\(sed -n '.*' \.env\) deno task (probe)$/,
    "tests/prober/main_test.ts runs it",
    taskExists,
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
  [/^echo "(\w+)=(?:alice:)?\$\(openssl rand -hex 32\)" >> \.env$/, "would change .env", (variable) => {
    assert.match(COMPOSE, new RegExp(`\\$\\{${variable}:\\?`), "docker-compose.yml asks for it");
  }],
  [/^((?:[A-Z_]+=\S+ )+)docker compose up --build --detach$/, "needs Docker", (variables) => {
    for (const [, name] of variables!.matchAll(/([A-Z_]+)=/g)) {
      assert.match(COMPOSE, new RegExp(`- ${name}$`, "m"));
    }
  }],
  [/^docker compose --profile (\w+) up --detach$/, "needs Docker", (profile) => {
    assert.ok(COMPOSE.includes(`profiles: [${profile}]`));
  }],
  [/^(deno run --cpu-prof .*)$/, "a test below runs it", () => {}],
  [/^DENO_V8_FLAGS=\S+ perf record .* deno task (\w+)$/, "needs perf", taskExists],
  [
    /^perf report -i (\S+) .*$/,
    "needs perf",
    (file) => assert.ok(README.includes(`perf record -g -o ${file} `)),
  ],
];

test("every command is run or checked", () => {
  const elsewhere = readme.commandsIn(README).filter(({ section }) => !RUN_TOGETHER.flat().includes(section));
  const used = elsewhere.map(({ command }) => {
    const found = CHECKED.find(([form]) => form.test(command));
    assert.ok(found, `README.md shows "${command}", which nothing tests: run it here, or add it to CHECKED`);
    const [form, , check] = found;
    check(...form.exec(command)!.slice(1));
    return found;
  });
  for (const entry of CHECKED) assert.ok(used.includes(entry), `CHECKED has ${entry[0]}, README.md does not`);
});

for (const sections of RUN_TOGETHER) {
  test(`${sections.join(" and ")}: its commands print what it says`, async () => {
    await using shell = new Shell();
    const commands = readme.commandsIn(README).filter(({ section }) => sections.includes(section));
    assert.ok(commands.length >= 4);
    for (const shown of commands) await shell.show(shown);
    if (!sections.includes("API")) return;
    const { paths, components } = await (await fetch(`${shell.balancer.url}/api/v1/openapi.json`)).json();
    const described = Object.entries<object>(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`)
    );
    const calls = readme.tableOf(README, "API", "call").flatMap(({ call }) => readme.codesIn(call!));
    assert.deepEqual(calls.sort(), described.sort());
    const fields = readme.tableOf(README, "API", "field").flatMap(({ field }) => readme.codesIn(field!));
    assert.deepEqual(fields.sort(), Object.keys(components.schemas.RouteSettings.properties).sort());
  }, RUNNING);
}

test("a command that nothing tests is found out", async () => {
  const markdown =
    "# A\n\n```sh\ndeno task start --new 1\n```\n\n- b\n\n  ```console\n  $ rm -r a \\\n    b\n  gone\n  ```\n";
  assert.deepEqual(readme.commandsIn(markdown), [
    { command: "deno task start --new 1", output: [], section: "A" },
    { command: "rm -r a b", output: ["gone"], section: "A" },
  ]);
  await using shell = new Shell();
  for (const command of ["rm -r a", "curl -k http://127.0.0.1:8080/"]) {
    await assert.rejects(shell.show({ command, output: [], section: "" }), /which nothing tests|knows no -k/);
  }
});

for (const [file, unit] of UNITS) {
  test(
    `the command line of ${file} starts the service, in a directory of its own`,
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

test("the profile has a file of each kind", () =>
  withDirectory(async (directory) => {
    const { command } = readme.commandsIn(README).find(({ command }) => command.includes("--cpu-prof"))!;
    const [, ...args] = readme.shellWords(
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
    const files = (await Array.fromAsync(Deno.readDir(directory))).map(({ name }) => name.split(".").at(-1));
    // At least the master's: the process does not wait for what Deno writes in the threads of workers.
    for (const kind of ["md", "cpuprofile"]) assert.ok(files.includes(kind), `${kind} of ${files}`);
  }), RUNNING);

/** The help says it in a flag, which a rule of the house allows on this page with its scope alone. */
const inProse = (help: string) => help.replace("--allow-ffi", "the ffi permission");

const FLAGS: readonly (readonly [heading: string, flags: FlagTable])[] = [
  ["Flags", aggregatorFlags(FACTS)],
  ["Flags of the balancer", balancerFlags(FACTS)],
  ["Health and failover", proberFlags(FACTS.stderrIsTerminal)],
  ["Flags of the shipper", shipperFlags({ ...FACTS, hostname: "edge" })],
  ["Flags of the fleet", fleetFlags(true)],
];

for (const [heading, flags] of FLAGS) {
  test(`${heading}: the table says what --help says`, () => {
    assert.deepEqual(
      readme.tableOf(
        README,
        heading,
        heading === "Health and failover" ? "flag of `deno task probe`" : "flag",
      )
        .map(({ "flag of `deno task probe`": flag, ...row }) => flag === undefined ? row : { flag, ...row }),
      Object.values(flags).map(({ flag, placeholder, variable, default: value, defaultShown, help }) => ({
        flag: `\`--${flag} ${placeholder}\``,
        variable: `\`${variable}\``,
        default: `\`${defaultShown ?? value}\``,
        meaning: inProse(help),
      })),
    );
  });
}

test("Input: each example is rejected for the reason it stands beside", () => {
  const rows = readme.tableOf(README, "Input", "reason");
  assert.deepEqual(rows.map(({ reason }) => readme.codesIn(reason!)[0]), Object.keys(emptyTotals().rejected));
  for (const { reason, example } of rows) {
    const [line] = readme.codesIn(example!);
    if (line === undefined) continue;
    const into = new Accumulator();
    const bytes = new TextEncoder().encode(line);
    scanDatagram(Batch.of(bytes), 0, bytes.length, false, into);
    const rejected = { ...emptyTotals().rejected, [readme.codesIn(reason!)[0]!]: 1 };
    assert.deepEqual(totalsOf(into.take()).rejected, rejected, line);
  }
});

test("Input: each datagram comes to what is said of it", () => {
  const rows = readme.tableOf(README, "Input", "datagram");
  for (const { datagram, accepted, rejected } of rows) {
    const into = new Accumulator();
    const text = readme.codesIn(datagram!)[0]!.replaceAll("\\n", "\n");
    const bytes = new TextEncoder().encode(text);
    scanDatagram(Batch.of(bytes), 0, bytes.length, false, into);
    const totals = totalsOf(into.take());
    const reasons = Object.entries(totals.rejected).flatMap(([reason, count]) => Array(count).fill(reason));
    assert.deepEqual([String(totals.accepted), reasons], [accepted, readme.codesIn(rejected!)], text);
  }
});

test("The file: every record shown is one that the aggregator would write, byte for byte", () => {
  const lines = README.split("\n").filter((line) =>
    line.startsWith('{"timestamp":') && !line.includes("instances")
  );
  assert.ok(lines.length >= 6);
  for (const line of lines) {
    const { timestamp, count_type, A1_sum, A2_max, A3_min, partial = false } = JSON.parse(line);
    const values = { sum: BigInt(A1_sum), max: BigInt(A2_max), min: BigInt(A3_min), partial };
    const window = { timestampSeconds: timestamp, lengthSeconds: parseInt(count_type), ...values };
    assert.equal(`${line}\n`, recordLine(window));
  }
});

test("A fleet of two: every window shown is one that the fleet would print, byte for byte", () => {
  const lines = README.split("\n").filter((line) => /^\{"timestamp":.*"instances"/.test(line));
  assert.ok(lines.length >= 2);
  for (const line of lines) {
    const { timestamp: endSeconds, count_type: countType, A1_sum, A2_max, A3_min, instances } = JSON.parse(
      line,
    );
    const [sum, max, min] = [A1_sum, A2_max, A3_min].map(String) as [string, string, string];
    const none = { partialInstances: 0, missingInstances: 0, unaligned: 0 };
    assert.equal(line, windowLine({ endSeconds, countType, sum, max, min, instances, ...none }));
  }
});

/** The events that the sources of a service log, each with its level. */
async function eventsLogged(directory: string): Promise<string[]> {
  const events = new Set<string>();
  for await (const { name, isDirectory } of Deno.readDir(directory)) {
    const path = `${directory}/${name}`;
    if (isDirectory) (await eventsLogged(path)).forEach((event) => events.add(event));
    else {
      const calls = (await Deno.readTextFile(path)).matchAll(/\blog\.(info|warn|error)\(\s*"(\w+)"/g);
      for (const [, level, event] of calls) events.add(`${event} ${level}`);
    }
  }
  return [...events].sort();
}

test("The log: every event is there, and no other", async () => {
  const rows = readme.tableOf(README, "The log", "event");
  const shown = rows.map(({ event, level }) => `${readme.codesIn(event!)[0]} ${level}`);
  assert.deepEqual(shown.sort(), await eventsLogged("src/aggregator"));
  const [, balancer, shipper] = README.split("Its log works like the aggregator's.");
  for (const event of await eventsLogged("src/balancer")) {
    assert.ok(balancer!.includes(`\`${event.split(" ")[0]}\``), `the balancer logs ${event}`);
  }
  for (const event of [...await eventsLogged("src/shipper"), ...await eventsLogged("src/shared/database")]) {
    assert.ok(shipper!.includes(`\`${event.split(" ")[0]}\``), `the shipper logs ${event}`);
  }
}, { read: ["src"] });

const wordsOf = (task: string) => readme.shellWords(TASKS[task]!.command);
const entrypointOf = (stage: string): string[] =>
  JSON.parse(readme.instructionOf(DOCKERFILE, stage, "ENTRYPOINT")!);
const composeWords = (service: string) => parseCompose(COMPOSE)[service]!.entrypoint!;

/** The columns of the tables of permissions, and the command lines that they tell of. */
const PERMISSIONS: readonly (readonly [heading: string, column: string, words: readonly string[]])[] = [
  ["Permissions", "`start`", wordsOf("start")],
  ["Permissions", "`start:sandbox`", wordsOf("start:sandbox")],
  ["Permissions", "container", entrypointOf("aggregator")],
  ["Health and failover", "`probe`", wordsOf("probe")],
  ["Permissions of the balancer", "`balancer`", wordsOf("balancer")],
  ["Permissions of the balancer", "container", entrypointOf("balancer")],
  ["Permissions of the balancer", "compose", composeWords("balancer")],
  ["Permissions of the shipper", "`ship`", wordsOf("ship")],
  ["Permissions of the shipper", "container", entrypointOf("shipper")],
  ["Permissions of the shipper", "compose", composeWords("shipper")],
];

for (const [heading, column, words] of PERMISSIONS) {
  test(`${heading}: the column ${column} is what is granted`, () => {
    const granted = readme.grantsOf(words);
    assert.ok(granted.size >= 5);
    const rows = readme.tableOf(README, heading, "permission");
    assert.deepEqual([...readme.grantsIn(rows, column)].sort(), [...granted].sort());
  });
}

test("the prober's service is locked down, and may do what its task may, to other hosts", () => {
  const [block] = readme.blocksOf(README).filter(({ language }) => language === "yaml");
  const compose = block!.lines.join("\n");
  const tree = new Map([["docker-compose.yml", compose], ["Dockerfile", DOCKERFILE]]);
  const { prober } = parseCompose(compose);
  for (const check of [lockedServices, secretsFromOutside, watchedServices]) {
    const findings = check(tree).filter((finding) => finding.includes(": prober "));
    assert.deepEqual(findings, []);
  }
  const task = wordsOf("probe");
  for (const word of prober!.entrypoint!.slice(1)) {
    assert.ok(word.startsWith("--allow-net=") || word === "--cached-only" || task.includes(word), word);
  }
  assert.ok(prober!.entrypoint!.some((word) => word.startsWith("--allow-net=balancer:8081,")));
});

test("Watching it: the addresses, the reasons and the metrics are those that there are", async () => {
  const source = await Deno.readTextFile("src/aggregator/admin/responder.ts");
  const rows = readme.tableOf(README, "Watching it", "address");
  for (const { address } of rows.slice(0, -1)) {
    assert.ok(source.includes(`"${readme.codesIn(address!)[0]}"`), address);
  }
  const health = await Deno.readTextFile("src/aggregator/admin/health.ts");
  const codes = [...health.matchAll(/code: "(\w+)"/g)].map(([, code]) => code!);
  const shown = readme.codesIn(rows.find(({ address }) => address === "`/readyz`")!.answer!);
  assert.deepEqual(shown.sort(), codes.sort());
  const metrics = await Deno.readTextFile("src/aggregator/admin/metrics.ts");
  const names = readme.codesIn(README).flatMap((code) =>
    /^sluice_(?:aggregator|window)_(\w+)/.exec(code)?.[1] ?? []
  );
  assert.ok(names.length >= 5);
  for (const name of names) assert.match(metrics, new RegExp(`\\b(PREFIX\\}_)?${name}["\`]`), name);
}, { read: ["src/aggregator/admin"] });

test("the C library's paths are those that are looked for", () => {
  const paths = readme.codesIn(README).filter((code) => /^\/.*libc\.so/.test(code));
  assert.deepEqual(new Set(paths), new Set(LIBC_PATHS));
});

test("what it leads to exists: tasks, files, headings", async () => {
  for (const [, task] of README.matchAll(/\bdeno task ([\w:]+)/g)) taskExists(task!);
  const paths = readme.codesIn(README).filter((code) => /^((src|tests)\/|\.ci\/|\.env\.|LICENSE)/.test(code));
  assert.ok(paths.length > 5);
  for (const path of paths) await Deno.stat(path);
  const anchors = [...README.matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    title!.toLowerCase().replaceAll(" ", "-")
  );
  for (const [, anchor] of README.matchAll(/\]\(#([\w-]+)\)/g)) assert.ok(anchors.includes(anchor!), anchor);
}, { read: ["."] });
