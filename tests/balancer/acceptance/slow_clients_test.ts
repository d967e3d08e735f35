import assert from "node:assert/strict";
import { FILM } from "../../support/simulated/balancer_in_process.ts";
import {
  BalancerProcess,
  DATABASE_DOWN,
  PROCESS_PERMISSIONS,
  STORED_ROUTE,
  writeSnapshot,
} from "../../support/processes/balancer_process.ts";
import { makeAuthority } from "../../support/http/certificates.ts";
import { report, times } from "../../support/processes/long_tests.ts";
import { withDirectory } from "../../support/disk/temporary_directory.ts";
import { Viewer } from "../../support/http/viewers.ts";

const env = { DATABASE_URL: DATABASE_DOWN };
/**
 * The deadline of every stage of a connection, so that all slow clients are closed at about the same time.
 */
const DEADLINE_MS = 1000;
const LATE_MS = 1000;
/** Extra time for a machine with two cores that other processes use as well. */
const NOISE_MS = 1500;
const FLAGS = ["--header-timeout", "--idle-timeout", "--write-timeout"].flatMap((
  flag,
) => [flag, `${DEADLINE_MS}ms`]);

const LINE = `GET ${FILM} HTTP/1.1\r\n`;
const GET = `${LINE}Host: a\r\n\r\n`;
const ADMIN_GET = "GET /api/v1/docs/swagger-ui.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";

/** Slow and silent clients: `once` is sent at first, then `again` repeatedly until the connection ends. */
const KINDS: readonly {
  name: string;
  at: "viewers" | "admin" | "tls";
  once: string;
  again?: string;
  reads?: false;
}[] = [
  { name: "nothing", at: "viewers", once: "" },
  { name: "one byte of a head", at: "viewers", once: "G" },
  { name: "a byte now and then", at: "viewers", once: "G", again: "E" },
  { name: "half a request line", at: "viewers", once: LINE.slice(0, 9) },
  { name: "a request line", at: "viewers", once: LINE },
  { name: "a head without its end", at: "viewers", once: `${LINE}Host: a\r\n` },
  { name: "a field now and then", at: "viewers", once: LINE, again: "A: b\r\n" },
  { name: "nothing after an answer", at: "viewers", once: GET },
  { name: "half a head after an answer", at: "viewers", once: GET + LINE },
  {
    name: "a body that is not read",
    at: "viewers",
    once: `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n`,
    again: "b",
  },
  {
    name: "requests without reading an answer",
    at: "viewers",
    once: GET,
    again: GET.repeat(2000),
    reads: false,
  },
  { name: "nothing", at: "admin", once: "" },
  {
    name: "half a body",
    at: "admin",
    once: "PUT /api/v1/routes/a HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\n{",
  },
  {
    name: "requests for 1.4 MB without reading",
    at: "admin",
    once: ADMIN_GET,
    again: ADMIN_GET,
    reads: false,
  },
  { name: "nothing", at: "tls", once: "" },
  { name: "half a handshake", at: "tls", once: "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" },
];
const PAUSE_MS = 50;

/** Acts as a slow client, and returns for how many milliseconds the service keeps its connection. */
async function endure(port: number, { once, again, reads }: (typeof KINDS)[number]): Promise<number> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const beganMs = performance.now();
  let isOver = false;
  const bytes = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));
  const write = async () => {
    if (once !== "") await connection.write(bytes(once));
    while (again !== undefined && !isOver) {
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      await connection.write(bytes(again));
    }
  };
  const read = async () => {
    // A client that does not read notices the end by a failing write.
    if (reads === false) return await new Promise(() => {});
    const buffer = new Uint8Array(4096);
    while (await connection.read(buffer) !== null);
  };
  const writing = write().catch(() => void (isOver = true));
  await Promise.race([
    read().catch(() => {}),
    reads === false ? writing : new Promise(() => {}),
  ]);
  isOver = true;
  const keptMs = performance.now() - beganMs;
  connection.close();
  await writing;
  return keptMs;
}

Deno.test({
  name:
    `acceptance: ${KINDS.length} kinds of slow clients are closed at their deadline, and viewers are served meanwhile`,
  permissions: PROCESS_PERMISSIONS,
  fn: () =>
    withDirectory(async (directory) => {
      await writeSnapshot(directory, [STORED_ROUTE]);
      const { certificate, key } = await (await makeAuthority()).issue("127.0.0.1");
      await Deno.writeTextFile(`${directory}/cert.pem`, certificate);
      await Deno.writeTextFile(`${directory}/key.pem`, key);
      const tls = ["--tls-cert", `${directory}/cert.pem`, "--tls-key", `${directory}/key.pem`];
      await using plain = await BalancerProcess.start(directory, { env, flags: FLAGS });
      await using overTls = await BalancerProcess.start(directory, { env, flags: [...FLAGS, ...tls] });
      const portOf = { viewers: plain.port, admin: Number(new URL(plain.url).port), tls: overTls.port };
      for (let round = 0; round < times(1, 5); round++) {
        const slow = Promise.all(KINDS.map(async (kind) => {
          const ms = await endure(portOf[kind.at], kind);
          // A client that does not read is noticed later, since the kernel still accepts bytes for the
          // service.
          return {
            kind: `${kind.at}: ${kind.name}`,
            ms,
            limit: kind.reads === false ? 5 * DEADLINE_MS : DEADLINE_MS,
          };
        }));
        let isOver = false;
        const honest = async () => {
          while (!isOver) {
            using viewer = await Viewer.connect(plain.port);
            for (let i = 0; i < 20; i++) assert.equal((await viewer.ask()).status, 301);
          }
        };
        const watching = honest();
        const kept = await slow;
        isOver = true;
        await watching;
        report("slow clients are kept for", kept.map(({ ms }) => ms), "ms");
        for (const { kind, ms, limit } of kept) {
          assert.ok(ms < limit + LATE_MS + NOISE_MS, `${kind}: closed after ${ms} ms`);
        }
      }
    }),
});

Deno.test({
  name: "acceptance: a stop beside slow clients takes less than a second",
  permissions: PROCESS_PERMISSIONS,
  fn: () =>
    withDirectory(async (directory) => {
      await writeSnapshot(directory, [STORED_ROUTE]);
      const stopsMs: number[] = [];
      for (let stop = 0; stop < times(2, 20); stop++) {
        await using balancer = await BalancerProcess.start(directory, { env });
        const adminPort = Number(new URL(balancer.url).port);
        const slow = Promise.all(
          KINDS.filter(({ at }) => at !== "tls")
            .map((kind) => endure(kind.at === "admin" ? adminPort : balancer.port, kind).catch(() => {})),
        );
        using viewer = await Viewer.connect(balancer.port);
        await viewer.ask();
        const beganMs = performance.now();
        balancer.kill("SIGTERM");
        assert.equal((await balancer.ended()).code, 0);
        stopsMs.push(performance.now() - beganMs);
        await slow;
      }
      report("a stop beside slow clients", stopsMs, "ms");
      assert.ok(Math.max(...stopsMs) < 1000 + NOISE_MS);
    }),
});
