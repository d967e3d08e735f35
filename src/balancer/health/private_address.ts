import { isIPv4, isIPv6 } from "node:net";

/**
 * Addresses of this machine, and of services that hand out its secrets, such as a cloud's metadata service.
 */
const RANGES_V4: readonly (readonly [first: string, bits: number, name: string])[] = [
  ["0.0.0.0", 8, "loopback"], // Connecting to 0.0.0.0 connects to this machine.
  ["127.0.0.0", 8, "loopback"],
  ["169.254.0.0", 16, "link-local"],
];
const RANGES_V6: typeof RANGES_V4 = [
  ["::", 128, "loopback"],
  ["::1", 128, "loopback"],
  ["fe80::", 10, "link-local"],
  ["fd00:ec2::", 32, "link-local"], // The metadata service of AWS, like 169.254.169.254.
];
/** IPv6 prefixes in front of an IPv4 address: IPv4-mapped addresses and NAT64 (RFC 6052). */
const IPV4_PREFIXES: typeof RANGES_V4 = [["::ffff:0:0", 96, ""], ["64:ff9b::", 96, ""]];

/**
 * The range of an address that is probed only with --probe-private on; undefined: any prober may probe it.
 */
export function privateRange(address: string): "loopback" | "link-local" | undefined {
  const bare = address.replace(/^\[(.*)\]$/, "$1").replace(/%.*$/, "");
  const found = isIPv4(bare)
    ? rangeOf(bitsV4(bare), RANGES_V4, 32)
    : isIPv6(bare)
    ? rangeOfV6(bitsV6(bare))
    : undefined;
  return found as "loopback" | "link-local" | undefined;
}

function rangeOfV6(bits: bigint): string | undefined {
  return rangeOf(bits, IPV4_PREFIXES, 128) === undefined
    ? rangeOf(bits, RANGES_V6, 128)
    : rangeOf(bits & 0xffff_ffffn, RANGES_V4, 32);
}

function rangeOf(bits: bigint, ranges: typeof RANGES_V4, width: number): string | undefined {
  return ranges.find(([first, length]) => {
    const shift = BigInt(width - length);
    return bits >> shift === (width === 32 ? bitsV4(first) : bitsV6(first)) >> shift;
  })?.[2];
}

function bitsV4(address: string): bigint {
  return address.split(".").reduce((bits, part) => bits << 8n | BigInt(part), 0n);
}

function bitsV6(address: string): bigint {
  // The URL parser understands every notation of an IPv6 address, and writes each address in one normal form.
  const hex = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = "", tail] = hex.split("::");
  const groups = (text: string) => text === "" ? [] : text.split(":");
  const [before, after] = [groups(head), groups(tail ?? "")];
  const zeros = tail === undefined ? [] : Array<string>(8 - before.length - after.length).fill("0");
  return [...before, ...zeros, ...after].reduce((bits, group) => bits << 16n | BigInt(`0x${group}`), 0n);
}
