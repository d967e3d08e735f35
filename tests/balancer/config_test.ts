import assert from "node:assert/strict";
import type { StartRequest } from "../../src/shared/flags/start_request.ts";
import { type BalancerConfig, balancerFlags, parseConfig } from "../../src/balancer/config.ts";
import { readDotEnv, UsageError } from "../../src/shared/flags/flags.ts";

const FACTS = { cores: 4, stderrIsTerminal: false };

function parse(
  args: string[],
  env: Record<string, string> = {},
  dotEnv: Record<string, string> = {},
): StartRequest<BalancerConfig> {
  return parseConfig(args, (name) => env[name], (name) => dotEnv[name], FACTS);
}

function config(...args: Parameters<typeof parse>): BalancerConfig {
  const request = parse(...args);
  assert.ok(request.kind === "run");
  return request.config;
}

Deno.test({
  name: "config: without flags and variables the defaults apply",
  permissions: "none",
  fn() {
    assert.deepEqual(config([]), {
      listen: { hostname: "0.0.0.0", port: 8080 },
      admin: { hostname: "127.0.0.1", port: 8081 },
      adminHosts: [],
      workers: 4,
      spareWorkers: 1,
      headerTimeoutMs: 10_000,
      idleTimeoutMs: 60_000,
      writeTimeoutMs: 10_000,
      connectionsMax: undefined,
      connectionsPerAddress: undefined,
      certificateFiles: undefined,
      drainDelayMs: 0,
      explainHeader: false,
      turnPhase: "0",
      accessLog: "",
      accessLogSample: 1,
      dataDirectory: "data/balancer",
      metricsTo: undefined,
      metricsToken: "",
      probePrivate: false,
      logLevel: "info",
      logFormat: "json",
      databaseUrl: "",
      adminTokens: "",
      firstRoute: undefined,
    });
  },
});

Deno.test({
  name: "config: a flag overrides the environment, which overrides .env",
  permissions: "none",
  fn() {
    const dotEnv = {
      BALANCER_WORKERS: "1",
      BALANCER_DATA: "data/dot/",
      DATABASE_URL: "postgres://dot",
      BALANCER_ADMIN: "[::1]:1",
    };
    const env = {
      BALANCER_WORKERS: "2",
      BALANCER_DATA: "data/env",
      ADMIN_TOKENS: "a:b",
      BALANCER_METRICS_TO: "aggregator:9999",
    };
    const found = config(["--workers", "3"], env, dotEnv);
    assert.equal(found.workers, 3);
    assert.equal(found.dataDirectory, "data/env");
    assert.deepEqual(found.admin, { hostname: "::1", port: 1 });
    assert.equal(found.databaseUrl, "postgres://dot");
    assert.equal(found.adminTokens, "a:b");
    assert.deepEqual(found.metricsTo, { hostname: "aggregator", port: 9999 });
    assert.equal(config([], { BALANCER_DATA: "" }, dotEnv).dataDirectory, "data/dot");
    assert.equal(config(["--data", "/"]).dataDirectory, "/");
    const hosts = { BALANCER_ADMIN_HOST: "Admin.example,balancer" };
    assert.equal(config([], { BALANCER_TURN_PHASE: "random" }).turnPhase, "random");
    assert.deepEqual(config([], hosts).adminHosts, ["admin.example", "balancer"]);
    assert.throws(() => config(["--admin-host", "admin.example:8081"]), /host names without a port/);
  },
});

const REFUSED: readonly [args: string[], env: Record<string, string>, message: RegExp][] = [
  [["--lisen", "127.0.0.1:1"], {}, /did you mean --listen\?$/],
  [["--workers", "0"], {}, /^Cannot use "0" for --workers: .*1 to 64$/],
  [["--turn-phase", "1"], {}, /^Cannot use "1" for --turn-phase: /],
  [["--data", "a\0b"], {}, /without NUL$/],
  [["--database-url", "postgres://u:secret@h/d"], {}, /^Unknown flag "--database-url"/],
  [[], { CDN_HOST: "a" }, /^CDN_HOST is set without ORIGIN_CLUSTER: set both/],
];

Deno.test({
  name: "config: an invalid flag or variable is an error of one line",
  permissions: "none",
  fn() {
    for (const [args, env, message] of REFUSED) {
      assert.throws(() => parse(args, env), (error: Error) => {
        assert.ok(error instanceof UsageError);
        assert.match(error.message, message);
        assert.ok(!error.message.includes("\n"));
        return true;
      });
    }
  },
});

Deno.test({
  name: "config: the help names every flag and variable",
  permissions: "none",
  fn() {
    const help = parse(["--help"]);
    assert.ok(help.kind === "help");
    const words =
      "--listen --admin --admin-host --workers --spare-workers --header-timeout --idle-timeout --write-timeout " +
      "--connections-max --connections-per-address --tls-cert --tls-key --drain-delay --explain-header --turn-phase --access-log --access-log-sample --data --metrics-to --probe-private --log-level --log-format BALANCER_LISTEN " +
      "BALANCER_METRICS_TO DATABASE_URL ADMIN_TOKENS CDN_HOST ORIGIN_CLUSTER CDN_TO_ORIGIN";
    for (const word of words.split(" ")) assert.ok(help.text.includes(word), word);
    assert.deepEqual(parse(["--version"]), { kind: "version" });
  },
});

Deno.test({
  name: "config: .env.example names each variable once, with its default",
  permissions: { read: [".env.example"] },
  fn() {
    const text = Deno.readTextFileSync(".env.example");
    const ofCompose = ["POSTGRES_PASSWORD"];
    const names = [...text.matchAll(/^#?([A-Z_]+)=/gm)].map(([, name]) => name!)
      .filter((name) => !/^(SLUICE|PROBE)_/.test(name) && !ofCompose.includes(name));
    const flags = Object.values(balancerFlags(FACTS)).map(({ variable }) => variable);
    const withoutFlag = ["DATABASE_URL", "ADMIN_TOKENS", "CDN_HOST", "ORIGIN_CLUSTER", "CDN_TO_ORIGIN"];
    assert.deepEqual(names, [...flags, ...withoutFlag]);

    const uncommented = readDotEnv(".env", () => text.replaceAll(/^#(?=[A-Z_]+=)/gm, ""));
    const parseWith = (env: Record<string, string>) =>
      parseConfig([], (name) => env[name], uncommented, FACTS);
    assert.deepEqual(parseWith({}), parse([]));
    const route = { CDN_HOST: "cdn.example.net", ORIGIN_CLUSTER: "origin-cluster" };
    assert.deepEqual(parseWith(route), parse([], route));
  },
});
