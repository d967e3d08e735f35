import type { Admission } from "../../shared/http/listener.ts";
import type { AddressLimit } from "./limits.ts";

/** Limits the open connections of one address, over all workers. */
export class AddressAdmission implements Admission {
  readonly #limit: AddressLimit;

  constructor(limit: AddressLimit) {
    this.#limit = limit;
  }

  /**
   * Counts a new connection of this address.
   *
   * @returns whether the connection is within the limit. If so, the caller has to call {@linkcode leave} at
   * its end.
   */
  enter(address: Deno.NetAddr): boolean {
    const { counters, own, max } = this.#limit;
    const counter = this.#counterOf(address);
    Atomics.add(own, counter, 1);
    if (Atomics.add(counters, counter, 1) < max) return true;
    this.leave(address);
    return false;
  }

  /** Removes a connection from the count, at its end. */
  leave(address: Deno.NetAddr): void {
    const { counters, own } = this.#limit;
    const counter = this.#counterOf(address);
    Atomics.sub(counters, counter, 1);
    Atomics.sub(own, counter, 1);
  }

  #counterOf({ hostname }: Deno.NetAddr): number {
    const { counters, seed } = this.#limit;
    return hashOf(networkOf(hostname), seed) % counters.length;
  }
}

/**
 * The part of an address that is counted. For IPv6 that is the /64, because one client usually has all of it.
 * For an IPv4-mapped address (`::ffff:192.0.2.1`, from a socket that accepts both) it is the IPv4 address.
 */
export function networkOf(hostname: string): string {
  if (!hostname.includes(":")) return hostname;
  const [, ipv4] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(hostname) ?? [];
  if (ipv4 !== undefined) return ipv4;
  const [head = "", tail] = hostname.replace(/%.*/, "").split("::");
  const groups = head === "" ? [] : head.split(":");
  if (tail !== undefined) {
    const after = tail === "" ? [] : tail.split(":");
    groups.push(...Array.from({ length: 8 - groups.length - after.length }, () => "0"), ...after);
  }
  return groups.slice(0, 4).join(":");
}

/** Seeded FNV-1a, followed by MurmurHash3's finalizer, as an unsigned 32-bit integer. */
function hashOf(text: string, seed: number): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
