import { type HostPort, hostPort, UsageError } from "../shared/flags/flags.ts";
import type { CertificateFiles } from "./front/certificate.ts";

/** Makes a parser that also accepts `none`, a word for no value. */
export function optional(parse: (text: string) => number, none = ""): (text: string) => number | undefined {
  return (text) => text === none ? undefined : parse(text);
}

const address = hostPort(1);

/**
 * Parses the address of an aggregator; undefined: empty. A host name is allowed as well as an IP address,
 * because in a container network only the name is known.
 *
 * @throws {SyntaxError} The text is neither an address nor a name with a port.
 */
export function aggregatorAddress(text: string): HostPort | undefined {
  if (text === "") return undefined;
  const [, name, port] = /^([a-z][a-z0-9-]*(?:\.[a-z0-9-]+)*):([0-9]+)$/i.exec(text) ?? [];
  if (name === undefined || name === "localhost") return address(text);
  return { hostname: name, port: address(`127.0.0.1:${port}`).port };
}

/**
 * Parses a fraction.
 *
 * @throws {SyntaxError} The text is not a number from 0 to 1.
 */
export function fraction(text: string): number {
  if (!/^(?:0?\.\d{1,9}|0|1(?:\.0+)?)$/.test(text)) {
    throw new SyntaxError("give a number from 0 to 1, such as 0.01");
  }
  return Number(text);
}

/**
 * Combines the two paths of a certificate; undefined: both are empty.
 *
 * @throws {UsageError} Only one of them is set.
 */
export function certificateFiles(cert: string, key: string): CertificateFiles | undefined {
  if (cert && key) return { cert, key };
  if (!cert && !key) return undefined;
  const [given, missing] = cert ? ["--tls-cert", "--tls-key"] : ["--tls-key", "--tls-cert"];
  throw new UsageError(`${given} is set without ${missing}: set both to serve over TLS, or neither`);
}
