import assert from "node:assert/strict";
import { CertificateRenewal } from "../../../src/balancer/front/certificate_renewal.ts";
import type { Certificate } from "../../../src/shared/http/tls.ts";
import { makeAuthority } from "../../support/http/certificates.ts";
import { eventsOf, type LogEntry, logInto } from "../../support/recorded_log.ts";

Deno.test({
  name: "certificate renewal: the newest certificate is used, and an unusable one changes nothing",
  permissions: "none",
  async fn() {
    const { certificate: cert, key } = await (await makeAuthority()).issue("example.net");
    const [shown, entries]: [Certificate[], LogEntry[]] = [[], []];
    const reads = [
      () => Promise.resolve({ cert, key }),
      () => Promise.reject(new Error("no file")),
      () => Promise.resolve({ cert, key: `${key} ` }),
    ];
    const renewal = new CertificateRenewal(
      () => reads.shift()!(),
      (certificate) => shown.push(certificate),
      logInto(entries),
    );
    await Promise.all([renewal.renew(), renewal.renew(), renewal.renew()]);
    assert.deepEqual(shown, [{ cert, key }, { cert, key: `${key} ` }]);
    assert.deepEqual(eventsOf(entries), ["certificate", "certificate_refused", "certificate"]);
    assert.match(String(entries[0]!.ends), /^\d{4}-/);
  },
});

Deno.test({
  name: "certificate renewal: without a certificate nothing is renewed, and the log says so",
  permissions: "none",
  async fn() {
    const entries: LogEntry[] = [];
    await new CertificateRenewal(undefined, () => assert.fail(), logInto(entries)).renew();
    assert.deepEqual(eventsOf(entries), ["reloaded"]);
  },
});
