/**
 * Opens the C library with the symbols that a caller declares. Only this file calls `Deno.dlopen`.
 *
 * A path-scoped `--allow-ffi` limits which library may be opened, not which of its functions may be called.
 * The declared symbols are that limit, so each caller declares as few as possible. With such a scope Deno
 * forbids `Deno.UnsafePointer`; addresses come from {@linkcode memmove} instead.
 *
 * @module
 */

import { formatHostPort } from "./address.ts";
import { messageOf } from "./error_message.ts";

/** Paths of glibc: Debian and Ubuntu on x86-64 and on ARM, Fedora and its relatives, Arch. */
export const LIBC_PATHS: readonly string[] = [
  "/lib/x86_64-linux-gnu/libc.so.6",
  "/lib/aarch64-linux-gnu/libc.so.6",
  "/lib64/libc.so.6",
  "/usr/lib/libc.so.6",
];

/** memmove(3) between typed arrays. It returns the address of the first one, for {@linkcode addressOf}. */
export const memmove = { parameters: ["buffer", "buffer", "usize"], result: "usize" } as const;

/** memmove(3) from an address into a typed array: the only way to read memory of C, such as `errno`. */
export const memread = {
  name: "memmove",
  parameters: ["buffer", "usize", "usize"],
  result: "usize",
} as const;

/**
 * Opens the C library with these symbols, from the first path that is granted and can be opened.
 *
 * @throws {Deno.errors.NotCapable} No path is granted; the message names the flag.
 * @throws {Error} None of the granted paths can be opened, or one lacks a symbol.
 */
export function openLibc<const S extends Deno.ForeignLibraryInterface>(
  symbols: S,
  paths = LIBC_PATHS,
): Deno.DynamicLibrary<S> {
  const granted = paths.filter((path) =>
    Deno.permissions.querySync({ name: "ffi", path }).state === "granted"
  );
  if (granted.length === 0) {
    throw new Deno.errors.NotCapable(
      `Cannot open the C library: ffi permission is missing, run again with --allow-ffi=${
        LIBC_PATHS.join(",")
      }`,
    );
  }
  const failures: string[] = [];
  for (const path of granted) {
    try {
      return Deno.dlopen(path, symbols);
    } catch (error) {
      failures.push(messageOf(error));
    }
  }
  throw new Error(`Cannot open the C library: ${failures.join("; ")}`);
}

/**
 * Whether {@linkcode openLibc} would find a library here: on Linux, granted, and present (musl systems have
 * none).
 */
export function canOpenLibc(): boolean {
  if (Deno.build.os !== "linux") return false;
  try {
    openLibc({}).close();
    return true;
  } catch {
    return false; // openLibc reports the reason to callers that need the library.
  }
}

/**
 * Returns the address of the first byte of `view`. It stays valid for as long as the caller keeps a reference
 * to `view`.
 *
 * V8 keeps a typed array of up to 64 bytes on its own heap, where the garbage collector moves it. Reading
 * `view.buffer` moves the bytes off that heap for good.
 *
 * @throws {RangeError} The view is empty, so it has no address.
 */
export function addressOf(
  move: (to: BufferSource, from: BufferSource, bytes: bigint) => bigint,
  view: ArrayBufferView<ArrayBuffer>,
): bigint {
  if (view.byteLength === 0) throw new RangeError("Cannot take the address of an empty view");
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  return move(bytes, bytes, 0n);
}

/** AF_INET and AF_INET6 of Linux. */
export const AF_INET = 2;
export const AF_INET6 = 10;

/**
 * Encodes an address for the kernel: `struct sockaddr_in` (16 bytes, ip(7)) or `struct sockaddr_in6` (28
 * bytes, ipv6(7)).
 *
 *     family  port   address                        family  port   flow  address  scope
 *     02 00   27 0f  7f 00 00 01  00 × 8            0a 00   27 0f  00×4  16 bytes  00×4
 *
 * @param hostname An IPv4 or IPv6 literal, without brackets or zone.
 * @throws {SyntaxError} The hostname is neither.
 */
export function sockaddr(hostname: string, port: number): { family: number; bytes: Uint8Array<ArrayBuffer> } {
  const v6 = hostname.includes(":");
  const bytes = new Uint8Array(v6 ? 28 : 16);
  const view = new DataView(bytes.buffer);
  const family = v6 ? AF_INET6 : AF_INET;
  view.setUint16(0, family, true);
  view.setUint16(2, port);
  if (v6) {
    ipv6Groups(hostname).forEach((group, i) => view.setUint16(8 + 2 * i, group));
  } else {
    if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(hostname) || hostname.split(".").some((part) => Number(part) > 255)) {
      throw new SyntaxError(`Cannot read "${hostname}" as an IPv4 address`);
    }
    hostname.split(".").forEach((part, i) => view.setUint8(4 + i, Number(part)));
  }
  return { family, bytes };
}

/** Decodes an address of {@linkcode sockaddr} or the kernel to HOST:PORT; undefined for another family. */
export function hostPortOf(bytes: Uint8Array<ArrayBuffer>): string | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const family = view.getUint16(0, true);
  const port = view.getUint16(2);
  if (family === AF_INET) return formatHostPort({ hostname: bytes.subarray(4, 8).join("."), port });
  if (family !== AF_INET6) return undefined;
  const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(8 + 2 * i).toString(16));
  // The URL parser makes the shortest form.
  return formatHostPort({ hostname: new URL(`http://[${groups.join(":")}]/`).hostname.slice(1, -1), port });
}

/** Returns the eight groups of an IPv6 address. The URL parser first writes a dotted IPv4 part as groups. */
function ipv6Groups(hostname: string): number[] {
  const url = URL.parse(`http://[${hostname}]/`);
  if (url === null) throw new SyntaxError(`Cannot read "${hostname}" as an IPv6 address`);
  const [head, tail] = url.hostname.slice(1, -1).split("::").map((half) =>
    half === "" ? [] : half.split(":").map((group) => parseInt(group, 16))
  );
  if (head === undefined || tail === undefined) return head ?? [];
  return [...head, ...new Array(8 - head.length - tail.length).fill(0), ...tail];
}

/** Bytes of `struct mmsghdr` and of `struct iovec` on 64-bit machines, the only ones that Deno runs on. */
export const MMSGHDR_BYTES = 64;
const IOVEC_BYTES = 16;

/**
 * The array of headers for sendmmsg(2) and recvmmsg(2), one header per slot. Keep a reference to `words` and
 * `data` for as long as the kernel may use them.
 */
export interface MessageHeaders {
  /** The address of the first header; header `i` is {@linkcode MMSGHDR_BYTES} × `i` further. */
  readonly address: bigint;
  /** `struct mmsghdr` as 32-bit words, 16 per slot: `msg_flags` is word 12, `msg_len` word 14. */
  readonly words: Uint32Array<ArrayBuffer>;
  /** `struct iovec` as 32-bit words, 4 per slot: the length of a slot is word 2. In the memory of `words`. */
  readonly iovecs: Uint32Array<ArrayBuffer>;
  /** The memory that the headers point into. */
  readonly data: Uint8Array<ArrayBuffer>;
}

/**
 * Builds headers that divide `data` into slots of `slotBytes`, one datagram each.
 *
 *     mmsghdr   0 name*   8 namelen   16 iov*   24 iovlen   32 control*   40 controllen   48 flags   56 len
 *     iovec     0 base*   8 len
 */
export function messageHeaders(
  move: Parameters<typeof addressOf>[0],
  data: Uint8Array<ArrayBuffer>,
  slotBytes: number,
): MessageHeaders {
  const slots = Math.floor(data.byteLength / slotBytes);
  // Both structures share one buffer, so a reference to either keeps both alive.
  const memory = new ArrayBuffer(slots * (MMSGHDR_BYTES + IOVEC_BYTES));
  const words = new Uint32Array(memory, 0, slots * MMSGHDR_BYTES / 4);
  const iovecs = new Uint32Array(memory, slots * MMSGHDR_BYTES);
  const pointers = new BigUint64Array(memory, 0, slots * MMSGHDR_BYTES / 8);
  const bases = new BigUint64Array(memory, slots * MMSGHDR_BYTES);
  const dataAddress = addressOf(move, data);
  const iovecAddress = addressOf(move, iovecs);
  for (let slot = 0; slot < slots; slot++) {
    bases[2 * slot] = dataAddress + BigInt(slot * slotBytes);
    bases[2 * slot + 1] = BigInt(slotBytes);
    pointers[8 * slot + 2] = iovecAddress + BigInt(slot * IOVEC_BYTES);
    pointers[8 * slot + 3] = 1n;
  }
  return { address: addressOf(move, words), words, iovecs, data };
}
