import { formatHostPort, type HostPort } from "../../shared/address.ts";
import { canOpenLibc, LIBC_PATHS } from "../../shared/libc.ts";
import { requireNet } from "../../shared/net_permission.ts";
import type { Prepare, ReceiveOrder } from "../worker_protocol.ts";
import type { SocketReading } from "./receiver.ts";
import { ReuseportSockets } from "./reuseport_sockets.ts";

/** The master's side of a receiver: the addresses that the workers share, and their sockets. */
export interface Port {
  readonly kind: Prepare["receiver"];
  /** With `--listen HOST:0` a port is 0 until the first worker listens, and then what the kernel chose. */
  addresses: readonly HostPort[];
  /** How many sockets receive datagrams. Workers beyond this number stand by. */
  readonly receivingSockets: number;
  /** The granted receive buffer of each socket in bytes; null: unknown, as with Deno's sockets. */
  readonly bufferBytes: number | null;
  /** Returns what the worker at place `index` (from 0) has to read. */
  orderOf(index: number): ReceiveOrder;
  /** Wakes the workers that wait for datagrams, so that they look at the control word. */
  wake(): void;
  /** How many datagrams the kernel has dropped; null: unknown. */
  dropped(): number | null;
  /** Reads the kernel's counters of every socket: for each address, in the order of the workers' places. */
  readings(): SocketReading[];
  /** Stops new datagrams from arriving. Those in the sockets can still be read. */
  stopAccepting(): void;
  close(): void;
}

export interface PortOptions {
  /** The empty hostname means every address of the machine. */
  addresses: readonly HostPort[];
  receiver: "auto" | Prepare["receiver"];
  workers: number;
  bufferBytes: number;
}

/** Returns why this process can't use the reuseport receiver; undefined: it can. */
function reuseportObstacle(): string | undefined {
  if (Deno.build.os !== "linux") return "the reuseport receiver needs Linux";
  if (canOpenLibc()) return undefined;
  return `the reuseport receiver needs the C library: grant --allow-ffi=${LIBC_PATHS.join(",")}`;
}

/**
 * Opens the addresses with the chosen receiver. `auto` means reuseport, with datagram as the fallback.
 *
 * @param warn called with the reason for the fallback, or with another drawback of the receiver
 * @throws {Error} An address can't be opened (no permission, in use, ...). The message says what to change.
 */
export function openPort(options: PortOptions, warn: (message: string) => void): Port {
  const { receiver, workers, bufferBytes } = options;
  const addresses = options.addresses.map(resolveAll);
  // The reuseport receiver does not need the permission, but the operator decides by --allow-net where it may
  // listen.
  requireNet(`listen on ${formatAddresses(addresses)}`, addresses);
  const obstacle = receiver === "datagram" ? "chosen" : reuseportObstacle();
  if (obstacle === undefined) {
    return reuseportPort(openSockets(addresses, workers, bufferBytes));
  }
  if (receiver === "reuseport") {
    throw new Deno.errors.NotCapable(`Cannot start: ${obstacle}, or choose --receiver datagram`);
  }
  if (receiver === "auto") warn(`falling back to the datagram receiver: ${obstacle}`);
  if (Deno.build.os === "linux" && workers > 1) {
    warn(
      `with the datagram receiver only one worker of ${workers} receives on Linux: ` +
        `use --receiver reuseport with --allow-ffi for all cores, or --workers 1 to save memory`,
    );
  }
  return datagramPort(addresses);
}

/** Replaces the empty hostname by the address that means every address on this machine. */
function resolveAll({ hostname, port }: HostPort): HostPort {
  return { hostname: hostname === "" ? everyAddress() : hostname, port };
}

/** Returns `::`, which also receives IPv4, or `0.0.0.0` on a machine without IPv6. */
function everyAddress(): string {
  try {
    Deno.listenDatagram({ transport: "udp", hostname: "::", port: 0 }).close();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) return "0.0.0.0";
  }
  return "::";
}

export function formatAddresses(addresses: readonly HostPort[]): string {
  return addresses.map(formatHostPort).join(",");
}

/** Opens the sockets of all addresses. If one fails, closes the others. */
function openSockets(
  addresses: readonly HostPort[],
  workers: number,
  bufferBytes: number,
): ReuseportSockets[] {
  const opened: ReuseportSockets[] = [];
  try {
    for (const { hostname, port } of addresses) {
      opened.push(new ReuseportSockets(hostname, port, workers, bufferBytes));
    }
  } catch (error) {
    for (const sockets of opened) sockets.close();
    throw error;
  }
  return opened;
}

function reuseportPort(all: readonly ReuseportSockets[]): Port {
  const sum = (of: (sockets: ReuseportSockets) => number) => all.reduce((total, each) => total + of(each), 0);
  const [first] = all;
  return {
    kind: "reuseport",
    addresses: all.map(({ hostname, port }) => ({ hostname, port })),
    receivingSockets: sum(({ fds }) => fds.length),
    bufferBytes: Math.min(...all.map(({ bufferBytes }) => bufferBytes)),
    // A worker reads one socket of each address. The wakeup of the first is enough to wake it.
    orderOf: (index) => ({
      fds: all.map(({ fds }) => fds[index]!),
      wakeup: first!.wakeups[index]!,
      sleepMsMax: Math.min(...all.map(({ sleepMsMax }) => sleepMsMax)),
    }),
    wake: () => first!.ring(),
    dropped: () => sum((sockets) => sockets.dropped()),
    readings: () => all.flatMap((sockets) => sockets.readings()),
    stopAccepting: () => all.forEach((sockets) => sockets.stopAccepting()),
    close: () => all.forEach((sockets) => sockets.close()),
  };
}

function datagramPort(addresses: readonly HostPort[]): Port {
  return {
    kind: "datagram",
    addresses,
    receivingSockets: addresses.length,
    bufferBytes: null,
    orderOf: () => ({}),
    wake() {}, // Its workers sleep on the control word itself.
    dropped: () => null,
    readings: () => addresses.map(() => ({ dropped: null, queuedBytes: null, bufferBytes: null })),
    stopAccepting() {}, // Each worker drains its own sockets until they are quiet, then closes them.
    close() {},
  };
}
