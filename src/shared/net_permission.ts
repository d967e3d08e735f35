import { formatHostPort, type HostPort } from "./address.ts";

/**
 * Makes sure that this thread may use all of these addresses.
 *
 * @param purpose what the addresses are for, such as `listen on 127.0.0.1:8080`; it completes "Cannot …"
 * @param otherwise what to do instead of granting the permission, such as `, or --admin off`
 * @throws {Deno.errors.NotCapable} A permission is missing; the message names the flag that grants them all.
 */
export function requireNet(purpose: string, addresses: readonly HostPort[], otherwise = ""): void {
  const hosts = addresses.map(formatHostPort);
  const isGranted = (host: string) => Deno.permissions.querySync({ name: "net", host }).state === "granted";
  if (hosts.every(isGranted)) return;
  throw new Deno.errors.NotCapable(
    `Cannot ${purpose}: net permission is missing; run with --allow-net=${hosts.join(",")}${otherwise}`,
  );
}

/** The address to bind a UDP socket to that sends to the address `to`: a loopback address for one, else any. */
export function localAddressFor(to: string): HostPort {
  const hostname = to.startsWith("127.") || to === "::1" ? to : to.includes(":") ? "::" : "0.0.0.0";
  return { hostname, port: 0 };
}
