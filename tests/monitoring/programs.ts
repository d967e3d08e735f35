/** The programs of Debian that read what src/operations holds. */

export interface Outcome {
  readonly code: number;
  readonly said: string;
}

/** Runs a program to its end; what it says on stdout and stderr comes as one text. */
export async function run(program: string, args: string[], input = ""): Promise<Outcome> {
  const child = new Deno.Command(program, { args, stdin: "piped", stdout: "piped", stderr: "piped" }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, said: decode(stdout) + decode(stderr) };
}

/** Prometheus with a configuration and a memory of its own. */
export class Prometheus implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #url: string;

  private constructor(child: Deno.ChildProcess, url: string) {
    this.#child = child;
    this.#url = url;
  }

  /** Scrapes these targets, by job, once a second; waits until it is ready. */
  static async start(directory: string, jobs: Readonly<Record<string, string>>): Promise<Prometheus> {
    const scrapes = Object.entries(jobs).map(([job_name, target]) => ({
      job_name,
      scrape_interval: "1s",
      static_configs: [{ targets: [target] }],
    }));
    await Deno.copyFile("src/operations/alerts.yml", `${directory}/alerts.yml`);
    // JSON is YAML, too.
    const config = {
      global: { evaluation_interval: "1s" },
      rule_files: ["alerts.yml"],
      scrape_configs: scrapes,
    };
    await Deno.writeTextFile(`${directory}/prometheus.yml`, JSON.stringify(config));
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const address = `127.0.0.1:${listener.addr.port}`;
    listener.close();
    const child = new Deno.Command("/usr/bin/prometheus", {
      args: [
        `--config.file=${directory}/prometheus.yml`,
        `--storage.tsdb.path=${directory}/tsdb`,
        `--web.listen-address=${address}`,
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const prometheus = new Prometheus(child, `http://${address}`);
    await prometheus.#ready();
    return prometheus;
  }

  async #ready(): Promise<void> {
    for (let tries = 0; tries < 200; tries++) {
      try {
        const response = await fetch(`${this.#url}/-/ready`);
        await response.text();
        if (response.ok) return;
      } catch {
        // It does not listen yet.
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error("Prometheus does not come up");
  }

  // deno-lint-ignore no-explicit-any
  async #get(path: string): Promise<any> {
    const response = await fetch(`${this.#url}/api/v1/${path}`);
    const { status, data, error } = await response.json();
    if (status !== "success") throw new Error(`${path}: ${error}`);
    return data;
  }

  /** The values of an expression, one for each series. */
  async query(expression: string): Promise<number[]> {
    const { result } = await this.#get(`query?query=${encodeURIComponent(expression)}`);
    return result.map(({ value }: { value: [number, string] }) => Number(value[1]));
  }

  /** The alerts that fire or are about to, by name. */
  async alerts(): Promise<string[]> {
    const { alerts } = await this.#get("alerts");
    return alerts.map(({ labels }: { labels: { alertname: string } }) => labels.alertname);
  }

  /** Rules that can't be evaluated: their errors. */
  async ruleErrors(): Promise<string[]> {
    const { groups } = await this.#get("rules");
    return groups.flatMap(({ rules }: { rules: { name: string; lastError?: string }[] }) =>
      rules.flatMap(({ name, lastError }) => lastError ? [`${name}: ${lastError}`] : [])
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#child.status;
  }
}
