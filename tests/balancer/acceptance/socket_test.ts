import assert from "node:assert/strict";
import { CLUSTER } from "../../support/simulated/balancer_in_process.ts";
import { BalancerProcess, PROCESS_PERMISSIONS, TOKENS } from "../../support/processes/balancer_process.ts";
import { DatabaseServer, PASSWORD } from "../../support/database/database_server.ts";
import { until } from "../../support/processes/long_tests.ts";
import { withDirectory } from "../../support/disk/temporary_directory.ts";
import { Viewer } from "../../support/http/viewers.ts";

let server: DatabaseServer;
Deno.test.beforeAll(async () => {
  server = await DatabaseServer.start({ hasSocket: true });
});
Deno.test.afterAll(() => server[Symbol.asyncDispose]());

Deno.test({
  name:
    "acceptance: secrets come from files and the database is on a Unix socket, with the flags that the error names",
  permissions: PROCESS_PERMISSIONS,
  fn: () =>
    withDirectory(async (directory) => {
      const { port, directory: sockets } = server;
      const files = {
        DATABASE_URL_FILE: [
          "url",
          `postgres://postgres@/postgres?host=${sockets}&port=${port}&passfile=${directory}/passwords\n`,
        ],
        ADMIN_TOKENS_FILE: ["tokens", `${TOKENS}\n`],
      };
      const env: Record<string, string> = { ADMIN_TOKENS: "" };
      for (const [variable, [name, text]] of Object.entries(files)) {
        env[variable] = `${directory}/${name}`;
        await Deno.writeTextFile(env[variable], text!);
      }
      const password = PASSWORD.replaceAll(/[\\:]/g, "\\$&");
      await Deno.writeTextFile(
        `${directory}/passwords`,
        `# of tests\nlocalhost:${port}:*:postgres:${password}\n`,
      );

      const socket = `${sockets}/.s.PGSQL.${port}`;
      const denoFlags = [`--allow-read=${socket}`, `--allow-write=${socket}`, `--allow-net=unix:${socket}`];
      await assert.rejects(
        BalancerProcess.start(`${directory}/refused`, { env }),
        ({ message }: Error) => message.includes(`run again with ${denoFlags.join(" ")}`),
      );
      await using balancer = await BalancerProcess.start(`${directory}/data`, { env, denoFlags });
      await balancer.change("PUT", CLUSTER, { cdn_host: "cdn.example.net", cdn_weight: 9, origin_weight: 1 });
      using viewer = await Viewer.connect(balancer.port);
      await until("a redirect", async () => (await viewer.ask()).status === 301);

      // The permissions kept after the start are enough to reconnect.
      await server.stop();
      await until("an outage", async () => await balancer.readiness() === "stale");
      await server.restart();
      await until("its end", async () => await balancer.readiness() === "ready");
      assert.equal((await balancer.change("PATCH", CLUSTER, { cdn_weight: 8 })).cdn_weight, 8);
    }),
});
