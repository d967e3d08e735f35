import type { Certificate } from "../../shared/http/tls.ts";
import type { Log } from "../../shared/log.ts";
import { endOf } from "./certificate.ts";

/** Puts another certificate in the place of that before, one renewal after the other. */
export class CertificateRenewal {
  readonly #read: (() => Promise<Certificate>) | undefined;
  readonly #show: (certificate: Certificate) => void;
  readonly #log: Log;
  #last = Promise.resolve();

  /**
   * @param read undefined: viewers come without TLS
   * @param show has every new connection shown it
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

  /** Never rejects: a certificate that can't be used changes nothing, and the log says why. */
  renew(): Promise<void> {
    return this.#last = this.#last.then(() => this.#renewNow());
  }

  async #renewNow(): Promise<void> {
    const log = this.#log;
    if (!this.#read) return log.info("reloaded", "there is no certificate to read again");
    try {
      const certificate = await this.#read();
      this.#show(certificate);
      const ends = endOf(certificate);
      log.info("certificate", "new connections are shown the certificate read now", { ends });
    } catch (error) {
      log.error("certificate_refused", "the certificate before stays in use: mend the files", { error });
    }
  }
}
