import type { Admission } from "../../shared/http/listener.ts";
import type { AddressLimit } from "./limits.ts";

/** Keeps one address from having more connections than it may, over all workers. */
export class AddressAdmission implements Admission {
  readonly #limit: AddressLimit;

  constructor(limit: AddressLimit) {
    this.#limit = limit;
  }

  /** Counts a connection of this address, if there may be one more. The caller reports the end of it. */
  enter(address: Deno.NetAddr): boolean {
    const { counters, own, max } = this.#limit;
    const counter = this.#counterOf(address);
    Atomics.add(own, counter, 1);
    if (Atomics.add(counters, counter, 1) < max) return true;
    this.leave(address);
    return false;
  }

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
 * The address as it is counted: of IPv6 the /64, which one client has whole. Of an IPv4 address in IPv6's clothes
 * (`::ffff:192.0.2.1`, on a socket that takes both) the IPv4 address.
 */
export function networkOf(hostname: string): string {
  if (!hostname.includes(":")) return hostname;
  const [, ipv4] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(hostname) ?? [];
  if (ipv4 !== undefined) return ipv4;
  const [head = "", tail] = hostname.replace(/%.*/, "").split("::");
  const groups = head === "" ? [] : head.split(":");
  if (tail !== undefined) {
    const behind = tail === "" ? [] : tail.split(":");
    groups.push(...Array.from({ length: 8 - groups.length - behind.length }, () => "0"), ...behind);
  }
  return groups.slice(0, 4).join(":");
}

/** FNV-1a with a seed and a last mix (MurmurHash3's finalizer), as an unsigned 32-bit integer. */
function hashOf(text: string, seed: number): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
