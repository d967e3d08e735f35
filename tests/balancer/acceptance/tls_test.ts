import assert from "node:assert/strict";
import { FILM } from "../../support/simulated/balancer_in_process.ts";
import {
  BalancerProcess,
  DATABASE_DOWN,
  PROCESS_PERMISSIONS,
  STORED_ROUTE,
  writeSnapshot,
} from "../../support/processes/balancer_process.ts";
import { type Authority, type Certificate, makeAuthority } from "../../support/http/certificates.ts";
import { times, until } from "../../support/processes/long_tests.ts";
import { withDirectory } from "../../support/disk/temporary_directory.ts";

const env = { DATABASE_URL: DATABASE_DOWN };

/** A certificate with its own authority: a client that trusts only this authority accepts no other one. */
interface Shown extends Certificate {
  readonly authority: Authority;
}

async function make(name: string): Promise<Shown> {
  const authority = await makeAuthority(name);
  return { authority, ...await authority.issue("127.0.0.1") };
}

/**
 * Sends a request over TLS and returns the status.
 *
 * @throws {TypeError} The service uses another certificate.
 */
async function ask(port: number, { authority }: Shown): Promise<number> {
  using client = Deno.createHttpClient({ caCerts: [authority.certificate] });
  const response = await fetch(`https://127.0.0.1:${port}${FILM}`, { client, redirect: "manual" });
  await response.body?.cancel();
  return response.status;
}

/** Replaces both files, each in one step. */
async function replace(directory: string, { certificate, key }: Shown): Promise<void> {
  for (const [name, text] of [["cert.pem", certificate], ["key.pem", key]]) {
    await Deno.writeTextFile(`${directory}/${name}.new`, text!);
    await Deno.rename(`${directory}/${name}.new`, `${directory}/${name}`);
  }
}

/** Waits until the log contains `count` events of this name. */
const untilLogged = (balancer: BalancerProcess, name: string, count: number): Promise<void> =>
  until(`"${name}"`, () => balancer.log.filter(({ event }) => event === name).length >= count);

Deno.test({
  name: "acceptance: a new certificate is used after SIGHUP or a change of the files, and no request is lost",
  permissions: PROCESS_PERMISSIONS,
  fn: () =>
    withDirectory(async (directory) => {
      await writeSnapshot(directory, [STORED_ROUTE]);
      const first = await make("first");
      await replace(directory, first);
      const flags = ["--tls-cert", `${directory}/cert.pem`, "--tls-key", `${directory}/key.pem`];
      await using balancer = await BalancerProcess.start(directory, { env, flags });
      const { port } = balancer;
      assert.equal(await ask(port, first), 301);

      // A viewer that trusts all certificates and reuses its connection as long as possible.
      const certificates = [first];
      for (let i = 0; i < times(1, 10); i++) certificates.push(await make(`next ${i}`));
      using client = Deno.createHttpClient({
        caCerts: certificates.map(({ authority }) => authority.certificate),
      });
      let isOver = false;
      let answers = 0;
      const watch = async () => {
        while (!isOver) {
          const response = await fetch(`https://127.0.0.1:${port}${FILM}`, { client, redirect: "manual" });
          await response.body?.cancel();
          assert.equal(response.status, 301);
          answers++;
        }
      };
      const watching = Promise.all(Array.from({ length: 4 }, watch));
      for (const [i, certificate] of certificates.slice(1).entries()) {
        await replace(directory, certificate);
        balancer.kill("SIGHUP");
        await untilLogged(balancer, "certificate", i + 1);
        assert.equal(await ask(port, certificate), 301);
        await assert.rejects(ask(port, certificates[i]!));
      }

      await Deno.writeTextFile(`${directory}/key.pem`, first.key);
      balancer.kill("SIGHUP");
      await untilLogged(balancer, "certificate_refused", 1);
      const refused = balancer.log.find(({ event }) => event === "certificate_refused")!;
      assert.match(String(refused.error), /key\.pem": it does not belong to the certificate/);
      assert.equal(await ask(port, certificates.at(-1)!), 301);

      // Without SIGHUP, the balancer notices the change when it next looks at the files.
      const before = balancer.log.filter(({ event }) => event === "certificate").length;
      await replace(directory, first);
      await untilLogged(balancer, "certificate", before + 1);
      assert.equal(await ask(port, first), 301);
      isOver = true;
      await watching;
      assert.ok(answers > 0);
      balancer.kill("SIGTERM");
      assert.equal((await balancer.ended()).code, 0);
    }),
});

Deno.test({
  name: "acceptance: SIGHUP without a certificate changes nothing",
  permissions: PROCESS_PERMISSIONS,
  fn: () =>
    withDirectory(async (directory) => {
      await writeSnapshot(directory, [STORED_ROUTE]);
      await using balancer = await BalancerProcess.start(directory, { env });
      balancer.kill("SIGHUP");
      await untilLogged(balancer, "reloaded", 1);
      balancer.kill("SIGTERM");
      assert.equal((await balancer.ended()).code, 0);
    }),
});
