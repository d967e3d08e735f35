import assert from "node:assert/strict";
import {
  type CertificateDisk,
  type CertificateFiles,
  CertificateWatch,
  endOf,
  readCertificate,
} from "../../../src/balancer/front/certificate.ts";
import { makeAuthority } from "../../support/http/certificates.ts";

const FILES: CertificateFiles = { cert: "c.pem", key: "k.pem" };

/** Simulates files. Reading a file whose text is an `Error` throws that error. */
function disk(files: Record<string, string | Error>): CertificateDisk {
  const read = (path: string): Promise<string> => {
    const text = files[path] ?? new Deno.errors.NotFound("No such file or directory (os error 2)");
    return typeof text === "string" ? Promise.resolve(text) : Promise.reject(text);
  };
  return { readText: read, mark: read };
}

const issue = async () => await (await makeAuthority()).issue("example.net");

Deno.test({
  name: "certificate: a certificate is read with its key, and its end is known",
  permissions: "none",
  async fn() {
    const { certificate, key } = await issue();
    const read = await readCertificate(FILES, disk({ "c.pem": certificate, "k.pem": key }));
    assert.deepEqual(read, { cert: certificate, key });
    assert.match(endOf(read), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/);
  },
});

Deno.test({
  name: "certificate: the error names the unusable file and says what to do",
  permissions: "none",
  async fn() {
    const [{ certificate, key }, other] = [await issue(), await issue()];
    const refused: [files: Record<string, string | Error>, message: RegExp][] = [
      [{}, /^Error: Cannot use "c\.pem": give the path of a file that can be read \(No such file/],
      [{ "c.pem": certificate }, /^Error: Cannot use "k\.pem": give the path of a file/],
      [
        { "c.pem": new Deno.errors.NotCapable("Requires read access"), "k.pem": key },
        /^Error: Cannot use "c\.pem": read permission is missing, run again with --allow-read=c\.pem$/,
      ],
      [{ "c.pem": "text", "k.pem": key }, /^Error: Cannot use "c\.pem": give a certificate chain in PEM/],
      [{ "c.pem": certificate, "k.pem": "text" }, /^Error: Cannot use "k\.pem": give an unencrypted/],
      [
        { "c.pem": certificate, "k.pem": other.key },
        /^Error: Cannot use the key "k\.pem": it does not belong to the certificate "c\.pem", give the matching key$/,
      ],
    ];
    for (const [files, message] of refused) {
      await assert.rejects(readCertificate(FILES, disk(files)), message);
    }
  },
});

Deno.test({
  name: "certificate: the watch reports a change once, and ignores missing files",
  permissions: "none",
  async fn() {
    const files: Record<string, string> = { "c.pem": "1", "k.pem": "1" };
    const watch = new CertificateWatch(FILES, disk(files));
    const looks = async () => [await watch.hasChanged(), await watch.hasChanged()];
    assert.deepEqual(await looks(), [false, false]);
    files["k.pem"] = "2";
    assert.deepEqual(await looks(), [true, false]);
    delete files["c.pem"];
    assert.deepEqual(await looks(), [false, false]);
    files["c.pem"] = "1";
    assert.deepEqual(await looks(), [false, false]);
    files["c.pem"] = "2";
    assert.deepEqual(await looks(), [true, false]);
  },
});
