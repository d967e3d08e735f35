import type { Certificate } from "../../shared/http/tls.ts";
import type { Log } from "../../shared/log.ts";
import { endOf } from "./certificate.ts";

/** Reloads the certificate while the service runs. Reloads run one after the other. */
export class CertificateRenewal {
  readonly #read: (() => Promise<Certificate>) | undefined;
  readonly #show: (certificate: Certificate) => void;
  readonly #log: Log;
  #last = Promise.resolve();

  /**
   * @param read reads the certificate; undefined: TLS is off
   * @param show makes new connections use a certificate
   */
  constructor(
    read: (() => Promise<Certificate>) | undefined,
    show: (certificate: Certificate) => void,
    log: Log,
  ) {
    this.#read = read;
    this.#show = show;
    this.#log = log;
  }

  /**
   * Reloads the certificate. Never rejects: if it can't be used, the previous one stays, and the log says
   * why.
   */
  renew(): Promise<void> {
    return this.#last = this.#last.then(() => this.#renewNow());
  }

  async #renewNow(): Promise<void> {
    const log = this.#log;
    if (!this.#read) return log.info("reloaded", "TLS is off, so there was no certificate to reload");
    try {
      const certificate = await this.#read();
      this.#show(certificate);
      const ends = endOf(certificate);
      log.info("certificate", "new connections use the reloaded certificate", { ends });
    } catch (error) {
      log.error(
        "certificate_refused",
        "the new certificate can't be used, the previous one stays: fix the files",
        { error },
      );
    }
  }
}
