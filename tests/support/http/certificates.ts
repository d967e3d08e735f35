/** Certificates for tests. They are made for each run, so the project contains no private key. */
import "reflect-metadata";
import * as x509 from "@peculiar/x509";

/** A certificate and its private key, both in PEM. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

export interface Authority {
  /** The authority's own certificate, in PEM. */
  readonly certificate: string;
  /** Issues a certificate for a host name or an IPv4 address. */
  issue(host: string): Promise<Certificate>;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MS = 86_400_000;

const makeKeys = () => crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);

export async function makeAuthority(name = "test authority"): Promise<Authority> {
  const keys = await makeKeys();
  const common = {
    signingAlgorithm: ALGORITHM,
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + DAY_MS),
  };
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...common,
    name: `CN=${name}`,
    keys,
    extensions: [new x509.BasicConstraintsExtension(true)],
  });
  return {
    certificate: certificate.toString("pem"),
    async issue(host) {
      const own = await makeKeys();
      const type = /^[\d.]+$/.test(host) ? "ip" : "dns";
      const issued = await x509.X509CertificateGenerator.create({
        ...common,
        subject: `CN=${host}`,
        issuer: certificate.subject,
        signingKey: keys.privateKey,
        publicKey: own.publicKey,
        extensions: [new x509.SubjectAlternativeNameExtension([{ type, value: host }])],
      });
      const key = await crypto.subtle.exportKey("pkcs8", own.privateKey);
      return {
        certificate: issued.toString("pem"),
        key: x509.PemConverter.encode(key, "PRIVATE KEY"),
      };
    },
  };
}
