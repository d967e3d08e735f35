/**
 * Runs the commands of a manual in the order in which a reader would type them. Deno runs for real. Other
 * programs are simulated, so that the tests need none of them: bash's /dev/udp, tail, curl, openssl and sed.
 *
 * The commands are changed only here. The services listen on free ports of 127.0.0.1 instead of 9999, 8080
 * and 8081. They write to temporary directories below `data/` instead of `data/metrics.jsonl`,
 * `data/balancer` and `.env`.
 *
 * @module
 */
import assert from "node:assert/strict";
import { createLog } from "../../../src/shared/log.ts";
import { BalancerProcess } from "../processes/balancer_process.ts";
import { embeddedDirectory } from "../database/database.ts";
import { linesOf } from "../processes/processes.ts";
import { shellWords, type Shown } from "./manual_parser.ts";
import { ManualFleet } from "./manual_fleet.ts";
import { type FileRecord, runToEnd, sendDatagrams, Service } from "../processes/aggregator_process.ts";

/** A process that has not started and stopped again within this time is killed. */
const START_MS_MAX = 60_000;
/** Changes take effect within 250 ms; a busy machine gets more time. */
const IN_FORCE_MS_MAX = 5000;

type Output = readonly string[];
type Rule = readonly [
  form: RegExp,
  run: (shell: Shell, ...groups: string[]) => Output | Promise<Output>,
];

const RULES: readonly Rule[] = [
  [
    /^deno task start (.*) --listen 127\.0\.0\.1:900\d --out data\/(one|two)\.jsonl$/,
    (shell, flags, name) => shell.fleet.startAggregator(name, shellWords(flags)),
  ],
  [
    /^deno task ship --file data\/(one|two)\.jsonl (--instance \w+)$/,
    (shell, name, flags) => shell.fleet.startShipper(name, shellWords(flags)),
  ],
  [
    /^deno task fleet (.*)$/,
    (shell, flags) => shell.fleet.print(shellWords(flags)),
  ],
  [
    /^deno task start(.*)$/,
    (shell, flags) => shell.startAggregator(shellWords(flags)),
  ],
  [/^deno task send(.*)$/, (shell, flags) => shell.send(shellWords(flags))],
  [
    /^echo '(.*)' > \/dev\/udp\/127\.0\.0\.1\/9999$/,
    (shell, message) => shell.sendOne(message),
  ],
  [/^tail -n [0-9]+ data\/metrics\.jsonl$/, (shell) => shell.records()],
  [
    /^echo "ADMIN_TOKENS=(\w+:)\$\(openssl rand -hex 32\)" >> \.env$/,
    (shell, name) => shell.makeToken(name),
  ],
  [
    /^TOKEN=\$\(sed -n 's\/\^ADMIN_TOKENS=(\w+:)\/\/p' \.env\)$/,
    (shell, name) => shell.readToken(name),
  ],
  [
    /^((?:[A-Z_]+=\S+ )*)deno task balancer$/,
    (shell, variables) => shell.startBalancer(variables),
  ],
  [/^curl (.*)$/, (shell, args) => shell.curl(args)],
  [
    /^for i in \{1\.\.10\}; do curl (.*); done \| sort \| uniq -c$/,
    (shell, args) => shell.curlTen(args),
  ],
];

/** A shell for the commands of one manual. It stops all services when it is disposed. */
export class Shell implements AsyncDisposable {
  readonly #cleanUp = new AsyncDisposableStack();
  readonly #variables: Record<string, string> = {};
  #tokens = "";
  #aggregator: Service | undefined;
  #balancer: BalancerProcess | undefined;
  #fleet: ManualFleet | undefined;
  /** The sum of A1 over all messages sent to the aggregator. */
  #sentSum = 0;
  /** Whether a request has changed settings of the balancer. The change may not have taken effect yet. */
  #hasChangedSettings = false;

  /** Runs a command and compares its output with the output in the manual, if the manual shows any. */
  async show({ command, output }: Shown): Promise<void> {
    const { run, groups } = findRule(command);
    const expected = comparable(output);
    for (const begunMs = performance.now();;) {
      const printed = comparable(await run(this, ...groups));
      // After a change of settings, the command is retried: the change takes a moment to take effect.
      const isEarly = this.#hasChangedSettings &&
        /^(curl -so|for i) |\/(explain\?|steering\/)/.test(command) &&
        printed.join() !== expected.join();
      if (isEarly && performance.now() - begunMs < IN_FORCE_MS_MAX) continue;
      if (output.length > 0) assert.deepEqual(printed, expected, command);
      return;
    }
  }

  get fleet(): ManualFleet {
    return this.#fleet ??= this.#cleanUp.use(new ManualFleet());
  }

  get balancer(): BalancerProcess {
    return this.#balancer ??
      assert.fail("no earlier command has started the balancer");
  }

  get #service(): Service {
    return this.#aggregator ??
      assert.fail("no earlier command has started the aggregator");
  }

  async startAggregator(flags: string[]): Promise<Output> {
    this.#aggregator = this.#cleanUp.use(await Service.start("start", flags));
    const { time: _, level: __, event, message, ...fields } = await this
      .#aggregator.event("listening");
    const lines: string[] = [];
    const write = (line: string) => void lines.push(line);
    createLog({ level: "info", format: "text", write, now: () => new Date() })
      .info(event, message, fields);
    return lines;
  }

  async send(flags: string[]): Promise<Output> {
    const { code, stdout, stderr } = await runToEnd("send", [
      ...flags,
      "--to",
      `127.0.0.1:${this.#service.port}`,
    ]);
    assert.equal(code, 0, stderr);
    this.#sentSum += JSON.parse(stdout).A1_sum;
    return stdout.trimEnd().split("\n");
  }

  async sendOne(message: string): Promise<Output> {
    await sendDatagrams(this.#service.port, [`${message}\n`]);
    this.#sentSum += JSON.parse(message).A1;
    return [];
  }

  /**
   * Waits until the records of each length add up to the sent sum: messages may fall into one window or two.
   */
  async records(): Promise<Output> {
    const service = this.#service;
    await service.recordsUntil((records) =>
      ["1s", "2s"].every((length) =>
        records.filter(({ count_type }) => count_type === length)
          .reduce((sum, { A1_sum }) => sum + A1_sum, 0) === this.#sentSum
      )
    );
    return (await Deno.readTextFile(service.out)).trimEnd().split("\n");
  }

  makeToken(name: string): Output {
    const bytes = crypto.getRandomValues(new Uint8Array(32));
    this.#tokens = name +
      [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return [];
  }

  readToken(name: string): Output {
    assert.ok(
      this.#tokens.startsWith(name),
      "the name differs from the name in the command that made the token",
    );
    this.#variables.TOKEN = this.#tokens.slice(name.length);
    return [];
  }

  async startBalancer(variables: string): Promise<Output> {
    const env = Object.fromEntries(
      variables.trim().split(" ").map((each) => each.split("=", 2)),
    );
    const directory = await embeddedDirectory();
    this.#cleanUp.defer(() => Deno.remove(directory, { recursive: true }));
    const options = { env: { ...env, ADMIN_TOKENS: this.#tokens } };
    this.#balancer = this.#cleanUp.use(
      await BalancerProcess.start(directory, options),
    );
    return [];
  }

  /** Sends a request. Knows only the options of curl that manuals use. */
  async curl(args: string): Promise<Output> {
    const { url, format, method, headers, body } = readCurl(
      shellWords(args, this.#variables),
    );
    const target = url.replace(
      "http://127.0.0.1:8080/",
      `http://127.0.0.1:${this.balancer.port}/`,
    )
      .replace("http://127.0.0.1:8081/", `${this.balancer.url}/`);
    assert.notEqual(
      target,
      url,
      "no service of this manual listens on this address",
    );
    const response = await fetch(target, {
      method,
      headers,
      body,
      redirect: "manual",
    });
    const text = await response.text();
    this.#hasChangedSettings ||= method !== "GET";
    if (format === undefined) {
      assert.ok(response.ok, `curl ${args}: ${text}`);
      return text === "" ? [] : text.trimEnd().split("\n");
    }
    const known = {
      http_code: String(response.status),
      redirect_url: response.headers.get("location") ?? "",
    };
    return [
      format.replace(
        /%\{(http_code|redirect_url)\}/g,
        (_, name: keyof typeof known) => known[name],
      ),
    ];
  }

  /** Sends ten requests and counts equal lines, as `sort | uniq -c` does. */
  async curlTen(args: string): Promise<Output> {
    const lines: string[] = [];
    for (let i = 1; i <= 10; i++) lines.push(...await this.curl(args));
    const counts = Map.groupBy(lines.sort(), (line) => line);
    return [...counts].map(([line, { length }]) => `${String(length).padStart(7)} ${line}`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#cleanUp.disposeAsync();
  }
}

/**
 * Starts Deno with these arguments and stops it once it listens. Returns its exit code and the lines of its
 * log.
 */
export async function startAndStop(
  args: readonly string[],
): Promise<{ code: number; lines: string[] }> {
  const streams = { stdin: "null", stdout: "null", stderr: "piped" } as const;
  const process = new Deno.Command(Deno.execPath(), {
    args: [...args],
    ...streams,
  }).spawn();
  const timer = setTimeout(() => process.kill("SIGKILL"), START_MS_MAX);
  const lines: string[] = [];
  for await (const line of linesOf(process.stderr)) {
    lines.push(line);
    if (line.includes('"listening"')) process.kill("SIGTERM");
  }
  const { code } = await process.status;
  clearTimeout(timer);
  return { code, lines };
}

function findRule(command: string): { run: Rule[1]; groups: string[] } {
  for (const [form, run] of RULES) {
    const match = form.exec(command);
    if (match) return { run, groups: match.slice(1) };
  }
  throw new RangeError(
    `A manual shows "${command}", which nothing tests; add a rule to tests/support/house/manual_shell.ts`,
  );
}

function readCurl(words: readonly string[]) {
  const headers = new Headers();
  let [url, method, format, body]: (string | undefined)[] = [];
  const rest = words.values();
  const next = () => rest.next().value ?? assert.fail("curl: an option lacks its value");
  for (const word of rest) {
    if (word === "-s") continue;
    else if (word === "-so") next();
    else if (word === "-w") format = next().replace(/\\n$/, "");
    else if (word === "-X") method = next();
    else if (word === "-H") {
      headers.set(...next().split(": ", 2) as [string, string]);
    } else if (word === "--json") {
      body = next();
      headers.set("Content-Type", "application/json");
    } else if (word.startsWith("-") || url !== undefined) {
      assert.fail(`The simulated curl does not know ${word}; add it to readCurl`);
    } else url = word;
  }
  return {
    url: url ?? assert.fail("curl: no URL"),
    format,
    headers,
    method: method ?? "GET",
    body: body ?? null,
  };
}

/**
 * Replaces the parts of the output that differ from run to run or from machine to machine. Records of the
 * aggregator become totals per window length, because a message may fall into another window in
 * each run.
 */
function comparable(lines: Output): Output {
  if (lines[0]?.includes('"instances":')) {
    return lines.map((line) => line.replace(/"timestamp":\d+/, '"timestamp":N'));
  }
  if (lines[0]?.startsWith('{"timestamp":')) {
    const records = lines.map((line): FileRecord => JSON.parse(line)).filter((
      { A1_sum },
    ) => A1_sum > 0);
    return [...Map.groupBy(records, ({ count_type }) => count_type)].map(
      ([length, all]) => {
        const sum = all.reduce((total, { A1_sum }) => total + A1_sum, 0);
        const max = Math.max(...all.map(({ A2_max }) => A2_max));
        return `${length}: ${sum} ${max} ${Math.min(...all.map(({ A3_min }) => A3_min))}`;
      },
    );
  }
  return lines.map((line) =>
    line
      .replace(/\b20\d\d-\d\d-\d\dT[\d:.]+Z/g, "TIME")
      .replace(/"(seconds|rate)":[\d.]+/g, '"$1":N')
      // Commands that were retried after a change have advanced the turn, too.
      .replace(/("turn":"|\bsession=)\d+/g, "$1N")
      .replace(
        /\b(address|workers|receiving_sockets|receive_buffer|file)=\S+/g,
        "$1=…",
      )
  );
}
