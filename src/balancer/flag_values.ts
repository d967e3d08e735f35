import { type HostPort, hostPort, UsageError } from "../shared/flags/flags.ts";
import type { CertificateFiles } from "./front/certificate.ts";

/** A number, or the word that stands for none. */
export function optional(parse: (text: string) => number, none = ""): (text: string) => number | undefined {
  return (text) => text === none ? undefined : parse(text);
}

/** @throws {SyntaxError} It can't be one. */
export function path(text: string): string {
  if (text.includes("\0")) throw new SyntaxError("give a path without NUL");
  return text;
}

/** @throws {SyntaxError} It can't be one. */
export function directory(text: string): string {
  return path(text).replace(/(?<=.)\/+$/, "");
}

const address = hostPort(1);

/**
 * An aggregator may also be named: in a network of containers its name is all that is known of it.
 *
 * @throws {SyntaxError} It is neither an address nor a name.
 */
export function aggregatorAddress(text: string): HostPort | undefined {
  if (text === "") return undefined;
  const [, name, port] = /^([a-z][a-z0-9-]*(?:\.[a-z0-9-]+)*):([0-9]+)$/i.exec(text) ?? [];
  if (name === undefined || name === "localhost") return address(text);
  return { hostname: name, port: address(`127.0.0.1:${port}`).port };
}

/** @throws {SyntaxError} It is no number from 0 to 1. */
export function fraction(text: string): number {
  if (!/^(?:0?\.\d{1,9}|0|1(?:\.0+)?)$/.test(text)) {
    throw new SyntaxError("give a number from 0 to 1, such as 0.01");
  }
  return Number(text);
}

/** @throws {UsageError} One of the two is missing. */
export function certificateFiles(cert: string, key: string): CertificateFiles | undefined {
  if (cert && key) return { cert, key };
  if (!cert && !key) return undefined;
  const [given, missing] = cert ? ["--tls-cert", "--tls-key"] : ["--tls-key", "--tls-cert"];
  throw new UsageError(`${given} is set without ${missing}: set both to serve over TLS, or neither`);
}
