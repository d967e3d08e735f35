import { createPrivateKey, X509Certificate } from "node:crypto";
import { type Certificate, tryHandshake } from "../../shared/http/tls.ts";

/** Where the certificate chain and its key are, as PEM. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** What stays the same for as long as nobody puts other files there. */
type Mark = string;

/** Between two looks at the files, in milliseconds. */
export const LOOK_MS = 5000;

/** The files of a certificate as the disk has them. */
export interface CertificateDisk {
  readText(path: string): Promise<string>;
  /** @throws {Error} There is none, or it may not be read. */
  mark(path: string): Promise<Mark>;
}

export const REAL_DISK: CertificateDisk = {
  readText: (path) => Deno.readTextFile(path),
  async mark(path) {
    const { ino, size, mtime } = await Deno.stat(path);
    return [ino, size, mtime?.getTime()].join();
  },
};

/**
 * Reads a certificate and its key.
 *
 * @throws {Error} One can't be read, is no PEM, or they don't belong together: in a line that says which, and what to do.
 */
export async function readCertificate(
  files: CertificateFiles,
  disk: CertificateDisk = REAL_DISK,
): Promise<Certificate> {
  const [cert, key] = [await read(files.cert, disk), await read(files.key, disk)];
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(cert);
  } catch (error) {
    throw unusable(files.cert, "give a certificate chain in PEM", error);
  }
  let isPair: boolean;
  try {
    isPair = certificate.checkPrivateKey(createPrivateKey(key));
  } catch (error) {
    throw unusable(files.key, "give an unencrypted private key in PEM", error);
  }
  if (!isPair) {
    throw new Error(`Cannot use the key "${files.key}": it is not that of the certificate "${files.cert}"`);
  }
  try {
    await tryHandshake({ cert, key });
  } catch (error) {
    throw unusable(
      files.cert,
      `TLS can't be spoken with it and the key "${files.key}", try another type of key`,
      error,
    );
  }
  return { cert, key };
}

async function read(path: string, disk: CertificateDisk): Promise<string> {
  try {
    return await disk.readText(path);
  } catch (error) {
    const remedy = error instanceof Deno.errors.NotCapable
      ? `read permission is missing, run again with --allow-read=${path}`
      : "give the path of a file that can be read";
    throw unusable(path, remedy, error);
  }
}

function unusable(path: string, remedy: string, cause: unknown): Error {
  const reason = cause instanceof Deno.errors.NotCapable || !(cause instanceof Error)
    ? ""
    : ` (${cause.message})`;
  return new Error(`Cannot use "${path}": ${remedy}${reason}`, { cause });
}

/** The time after which a certificate is no longer accepted, in ISO 8601. */
export const endOf = ({ cert }: Certificate): string =>
  new Date(new X509Certificate(cert).validTo).toISOString();

/** Tells when there are other files: each of the two may be replaced, or a link that leads to it. */
export class CertificateWatch {
  readonly #files: CertificateFiles;
  readonly #disk: CertificateDisk;
  #mark: Mark | undefined;

  constructor(files: CertificateFiles, disk: CertificateDisk = REAL_DISK) {
    this.#files = files;
    this.#disk = disk;
  }

  /** Whether one of the files is another than at the last look. A file that is not there has not changed. */
  async hasChanged(): Promise<boolean> {
    const { cert, key } = this.#files;
    try {
      const mark = `${await this.#disk.mark(cert)} ${await this.#disk.mark(key)}`;
      const before = this.#mark;
      this.#mark = mark;
      return before !== undefined && before !== mark;
    } catch {
      return false;
    }
  }
}
