import { createPrivateKey, X509Certificate } from "node:crypto";
import { type Certificate, tryHandshake } from "../../shared/http/tls.ts";

/** The paths of the certificate chain and of its private key, both in PEM. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** Identifies the content of a file: it changes when the file is replaced or written. */
type Mark = string;

/** The time between two checks of the files, in milliseconds. */
export const LOOK_MS = 5000;

/** File access for certificates: the real disk, or a simulated one. */
export interface CertificateDisk {
  readText(path: string): Promise<string>;
  /** @throws {Error} The file does not exist, or must not be read. */
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
 * Reads a certificate and its key, and tries a TLS handshake with them.
 *
 * @throws {Error} A file can't be read or is not PEM, or the two don't belong together. The message is one
 * line that names the file and says what to do.
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
    throw new Error(
      `Cannot use the key "${files.key}": it does not belong to the certificate "${files.cert}", ` +
        "give the matching key",
    );
  }
  try {
    await tryHandshake({ cert, key });
  } catch (error) {
    throw unusable(
      files.cert,
      `a TLS handshake with it and the key "${files.key}" failed, try another type of key`,
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

/** The time at which a certificate expires, in ISO 8601. */
export const endOf = ({ cert }: Certificate): string =>
  new Date(new X509Certificate(cert).validTo).toISOString();

/** Notices when the certificate or the key was replaced, or a symbolic link to it. */
export class CertificateWatch {
  readonly #files: CertificateFiles;
  readonly #disk: CertificateDisk;
  #mark: Mark | undefined;

  constructor(files: CertificateFiles, disk: CertificateDisk = REAL_DISK) {
    this.#files = files;
    this.#disk = disk;
  }

  /** Whether a file has changed since the last call. A file that does not exist counts as unchanged. */
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
