/**
 * Runs the services of docker-compose.yml with podman, because Docker Compose needs a Docker engine.
 *
 * @module
 */
import assert from "node:assert/strict";
import { environmentOf, parseCompose, type Service } from "../support/house/compose.ts";
import { execute } from "../support/database/database.ts";
import { DatabaseServer } from "../support/database/database_server.ts";
import { type Engine, run, start } from "./engine.ts";
import { freePort, LogReader, type MetricsRecord, pause, recordsOnce } from "./services.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";

/** The variables that a user has in `.env`. */
const DOT_ENV = {
  POSTGRES_PASSWORD: "c0ffee",
  ADMIN_TOKENS: `alice:${TOKEN}`,
  CDN_HOST: "cdn.example.net",
  ORIGIN_CLUSTER: "origin-cluster",
  SLUICE_WINDOWS: "1s,2s",
};

const VIDEO = "http://s1.origin-cluster/video/1488/xcg2djHckad.m3u8";
const CDN = "http://cdn.example.net/s1/video/1488/xcg2djHckad.m3u8";

/** Asserts that Docker Compose accepts docker-compose.yml, and names a variable that is missing in `.env`. */
export async function checkCompose(directory: string): Promise<void> {
  const config = async (variables: object) => {
    const file = `${directory}/env`;
    await Deno.writeTextFile(file, Object.entries(variables).map((pair) => `${pair.join("=")}\n`).join(""));
    return await run("docker-compose", ["--env-file", file, "config", "--quiet"]);
  };
  const { POSTGRES_PASSWORD, ADMIN_TOKENS } = DOT_ENV;
  assert.deepEqual(await config({ POSTGRES_PASSWORD, ADMIN_TOKENS }), { code: 0, stdout: "", stderr: "" });
  for (
    const [name, others] of [["POSTGRES_PASSWORD", { ADMIN_TOKENS }], ["ADMIN_TOKENS", { POSTGRES_PASSWORD }]]
  ) {
    const { code, stderr } = await config(others as object);
    assert.notEqual(code, 0, `without ${name}`);
    assert.match(stderr, new RegExp(`set ${name} in \\.env`));
  }
}

/** A service in its container. The other services that it needs are reached on this host. */
class Container {
  readonly #engine: Engine;
  readonly #name: string;
  readonly #podman: Deno.ChildProcess;
  readonly log: LogReader;

  /** @param translate replaces ports of the compose file with those of this test */
  constructor(
    engine: Engine,
    service: Service,
    env: Record<string, string>,
    translate: (text: string) => string,
  ) {
    this.#engine = engine;
    this.#name = `${service.image}-wired`;
    const flags = [...flagsOf(service, env), service.image!, ...service.command ?? []].map(translate);
    const names = ["--add-host", "postgres:127.0.0.1", "--add-host", "aggregator:127.0.0.1"];
    const host = ["--network", "host", ...names];
    const run = ["run", "--rm", "--name", this.#name, "--log-driver", "none", "--health-interval", "disable"];
    this.#podman = start("podman", engine.podmanArgs(...run, ...host, ...flags));
    this.log = new LogReader(this.#podman.stderr);
  }

  /** Returns the exit code of the image's HEALTHCHECK. */
  async health(): Promise<number> {
    return (await run("podman", this.#engine.podmanArgs("healthcheck", "run", this.#name))).code;
  }

  /** Stops the container. Returns the exit code, and the last log event. */
  async stop(): Promise<{ code: number; stopped: Record<string, unknown> }> {
    const stdout = new Response(this.#podman.stdout).text();
    await this.#engine.podman("stop", "--time", "15", this.#name);
    const stopped = await this.log.until("stopped");
    assert.equal(await stdout, "");
    return { code: (await this.#podman.status).code, stopped };
  }
}

/** Returns the options of `podman run` for a service. */
function flagsOf(service: Service, env: Record<string, string>): string[] {
  const each = (flag: string, values: readonly string[] = []) => values.flatMap((value) => [flag, value]);
  return [
    ...service.read_only ? ["--read-only", "--read-only-tmpfs=false"] : [],
    ...each("--cap-drop", service.cap_drop),
    ...each("--security-opt", service.security_opt?.map((option) => option.replace(/:true$/, ""))),
    // These limits can be granted on any host.
    ...["--ulimit", "nofile=4096:4096", "--ulimit", "nproc=4096:4096"],
    ...each("--volume", service.volumes),
    ...each("--env", environmentOf(service, { ...DOT_ENV, ...env })),
    ...each("--env", Object.entries(env).map((pair) => pair.join("="))),
    ...service.entrypoint ? ["--entrypoint", JSON.stringify(service.entrypoint)] : [],
  ];
}

/** Viewers, which count their redirects. */
class Viewers {
  readonly #url: string;
  redirected = 0;

  constructor(port: number) {
    this.#url = `http://127.0.0.1:${port}/?video=${VIDEO}`;
  }

  /** Sends a request, and returns the target of the redirect. */
  async ask(): Promise<string | null> {
    const response = await fetch(this.#url, { redirect: "manual" });
    await response.body?.cancel();
    assert.equal(response.status, 301);
    this.redirected++;
    return response.headers.get("location");
  }

  /** Waits until two redirects in a row lead to the origin, which does not happen at a ratio of 9:1. */
  async untilAllToOrigin(): Promise<void> {
    const deadline = performance.now() + 10_000;
    while (await this.ask() !== VIDEO || await this.ask() !== VIDEO) {
      assert.ok(performance.now() < deadline, "The change is not in force after 10 s");
      await pause(20);
    }
  }
}

/** Starts the balancer and the aggregator as docker-compose.yml says, and sends requests of viewers. */
export async function redirectsAndCounts(engine: Engine): Promise<void> {
  await using database = await DatabaseServer.start();
  await execute(database.url(), `create role balancer login password '${DOT_ENV.POSTGRES_PASSWORD}'`);
  await execute(database.url(), "create database balancer owner balancer");
  const [port, adminPort, metricsPort] = [freePort("tcp"), freePort("tcp"), freePort("udp")];
  const SLUICE_ADMIN = `0.0.0.0:${freePort("tcp")}`;
  const translate = (text: string) =>
    text.replaceAll("postgres:5432", `postgres:${database.port}`)
      .replaceAll("aggregator:9999", `aggregator:${metricsPort}`);
  const services = parseCompose(await Deno.readTextFile("docker-compose.yml"));
  const run = (service: Service, env: Record<string, string>) =>
    new Container(engine, service, env, translate);

  const aggregator = run(services.aggregator!, { SLUICE_LISTEN: `0.0.0.0:${metricsPort}`, SLUICE_ADMIN });
  await aggregator.log.until("listening");
  assert.equal(await aggregator.health(), 0, "The exit code of the aggregator's health check");
  const addresses = { BALANCER_LISTEN: `0.0.0.0:${port}`, BALANCER_ADMIN: `0.0.0.0:${adminPort}` };
  const balancer = run(services.balancer!, addresses);
  const { database: kind, readiness } = await balancer.log.until("listening");
  assert.deepEqual({ kind, readiness }, { kind: "postgresql", readiness: "ready" });
  assert.equal(await balancer.health(), 0, "The exit code of the health check");

  const viewers = new Viewers(port);
  for (let turn = 1; turn <= 20; turn++) {
    assert.equal(await viewers.ask(), turn % 10 ? CDN : VIDEO, `turn ${turn}`);
  }
  await sendAllToOrigin(adminPort);
  await viewers.untilAllToOrigin();

  const file = `${engine.volumePath("aggregator-data")}/metrics.jsonl`;
  const counted = (records: readonly MetricsRecord[]) =>
    records.filter(({ count_type }) => count_type === "2s").reduce((sum, { A1_sum }) => sum + A1_sum, 0);
  const records = await recordsOnce(file, (records) => counted(records) >= viewers.redirected);
  assert.equal(counted(records), viewers.redirected);
  const filled = records.filter(({ A1_sum }) => A1_sum > 0);
  for (const { A2_max, A3_min } of filled) {
    assert.ok(A2_max >= A3_min && A2_max > 0, `${A3_min} to ${A2_max}`);
  }

  // The metrics of these requests must be sent when the balancer stops.
  for (let turn = 1; turn <= 5; turn++) assert.equal(await viewers.ask(), VIDEO);
  const { redirected } = viewers;
  const { code, stopped } = await balancer.stop();
  assert.deepEqual([code, stopped.redirected, stopped.refused], [0, redirected, 0]);
  assert.equal((await aggregator.stop()).code, 0);
  assert.equal(counted(await recordsOnce(file, () => true)), redirected, "the sum over all records");
}

/** Runs the balancer as `docker run` does, with no configuration but flags after the image's name. */
export async function runsAlone(engine: Engine, locks: readonly string[]): Promise<void> {
  const [port, adminPort] = [freePort("tcp"), freePort("tcp")];
  const name = "sluice-alone";
  const flags = ["--listen", `0.0.0.0:${port}`, "--admin", `0.0.0.0:${adminPort}`];
  const options = ["run", "--rm", "--name", name, "--log-driver", "none", "--health-interval", "disable"];
  const podman = start("podman", engine.podmanArgs(...options, ...locks, "sluice-balancer", ...flags));
  const log = new LogReader(podman.stderr);
  const { database, readiness } = await log.until("listening");
  assert.deepEqual({ database, readiness }, { database: "embedded", readiness: "ready" });
  const response = await fetch(`http://127.0.0.1:${port}/?video=${VIDEO}`, { redirect: "manual" });
  await response.body?.cancel();
  assert.equal(response.status, 404, "There is no route yet");
  await engine.podman("stop", "--time", "15", name);
  await log.until("stopped");
  assert.deepEqual([(await podman.status).code, await new Response(podman.stdout).text()], [0, ""]);
}

async function sendAllToOrigin(adminPort: number): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${adminPort}/api/v1/routes/origin-cluster`, {
    method: "PATCH",
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/merge-patch+json" },
    body: JSON.stringify({ cdn_weight: 0, origin_weight: 1 }),
  });
  const route = await response.json();
  assert.equal(response.status, 200, JSON.stringify(route));
  assert.deepEqual([route.cdn_weight, route.origin_weight, route.updated_by], [0, 1, "alice"]);
}
