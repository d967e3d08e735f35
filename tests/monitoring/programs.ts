/** Runs the programs of Debian that read the files of src/operations. */

export interface Outcome {
  readonly code: number;
  readonly said: string;
}

/** Runs a program to its end. `said` is the text of stdout followed by that of stderr. */
export async function run(program: string, args: string[], input = ""): Promise<Outcome> {
  const child = new Deno.Command(program, { args, stdin: "piped", stdout: "piped", stderr: "piped" }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, said: decode(stdout) + decode(stderr) };
}

/** A Prometheus process with its own configuration and storage. */
export class Prometheus implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #url: string;

  private constructor(child: Deno.ChildProcess, url: string) {
    this.#child = child;
    this.#url = url;
  }

  /** Starts Prometheus, which scrapes one target per job once a second, and waits until it is ready. */
  static async start(directory: string, jobs: Readonly<Record<string, string>>): Promise<Prometheus> {
    const scrapes = Object.entries(jobs).map(([job_name, target]) => ({
      job_name,
      scrape_interval: "1s",
      static_configs: [{ targets: [target] }],
    }));
    await Deno.copyFile("src/operations/alerts.yml", `${directory}/alerts.yml`);
    // Every JSON document is also YAML.
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
        // Prometheus does not listen yet.
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error("Prometheus was not ready within 20 s");
  }

  // deno-lint-ignore no-explicit-any
  async #get(path: string): Promise<any> {
    const response = await fetch(`${this.#url}/api/v1/${path}`);
    const { status, data, error } = await response.json();
    if (status !== "success") throw new Error(`${path}: ${error}`);
    return data;
  }

  /** Returns the values of an expression, one for each series. */
  async query(expression: string): Promise<number[]> {
    const { result } = await this.#get(`query?query=${encodeURIComponent(expression)}`);
    return result.map(({ value }: { value: [number, string] }) => Number(value[1]));
  }

  /** Returns the names of the alerts that are pending or firing. */
  async alerts(): Promise<string[]> {
    const { alerts } = await this.#get("alerts");
    return alerts.map(({ labels }: { labels: { alertname: string } }) => labels.alertname);
  }

  /** Returns the errors of rules that can't be evaluated. */
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
