import { formatHostPort, type HostPort } from "../../shared/address.ts";
import { canOpenLibc, LIBC_PATHS } from "../../shared/libc.ts";
import type { Prepare } from "../worker_protocol.ts";
import type { ReceiveOrder } from "../worker_protocol.ts";
import type { SocketReading } from "./receiver.ts";
import { ReuseportSockets } from "./reuseport_sockets.ts";

/** The master's side of a receiver: the addresses that the workers share. */
export interface Port {
  readonly kind: Prepare["receiver"];
  /** A port is 0 until the first worker that listens has been given one, where any free one was asked for. */
  addresses: readonly HostPort[];
  /** How many sockets datagrams arrive on; the workers beyond that stand by. */
  readonly receivingSockets: number;
  /** The receive buffer of each socket in bytes, as granted; null where it can't be asked for. */
  readonly bufferBytes: number | null;
  /** What the worker in place `index` (from 0) is to read. */
  orderOf(index: number): ReceiveOrder;
  /** Wakes the workers that wait for datagrams, to look at the control word. */
  wake(): void;
  /** Datagrams that the kernel threw away; null where it doesn't tell. */
  dropped(): number | null;
  /** Each receiving socket: those of the first address in the order of the workers' places, then the next address. */
  readings(): SocketReading[];
  /** From now on nothing arrives; what has arrived can still be read. */
  stopAccepting(): void;
  close(): void;
}

export interface PortOptions {
  /** The empty hostname stands for every address. */
  addresses: readonly HostPort[];
  receiver: "auto" | Prepare["receiver"];
  workers: number;
  bufferBytes: number;
}

/** Why the reuseport receiver can't be had here, or undefined where it can. */
function reuseportObstacle(): string | undefined {
  if (Deno.build.os !== "linux") return "the reuseport receiver needs Linux";
  if (canOpenLibc()) return undefined;
  return `the reuseport receiver needs the C library: grant --allow-ffi=${LIBC_PATHS.join(",")}`;
}

/**
 * Opens the addresses by the receiver asked for; `auto` takes reuseport where it can, and says in `warn` why it can't.
 *
 * @throws {Error} with one line that says what to change: no permission for the address, an address in use, …
 */
export function openPort(options: PortOptions, warn: (message: string) => void): Port {
  const { receiver, workers, bufferBytes } = options;
  const addresses = options.addresses.map(resolveAll);
  for (const host of addresses.map(formatHostPort)) {
    // The FFI receiver would not need it, but whoever starts the service decides by --allow-net where it listens.
    if (Deno.permissions.querySync({ name: "net", host }).state === "granted") continue;
    throw new Deno.errors.NotCapable(
      `Cannot listen on ${host}: net permission is missing; run with --allow-net=${host}`,
    );
  }
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
      `on Linux the datagram receiver feeds one worker of ${workers}, the others stand by: ` +
        `take --receiver reuseport with --allow-ffi to use every core, or --workers 1 to save their memory`,
    );
  }
  return datagramPort(addresses);
}

/** The addresses that are listened on: one that stands for every address is the one that reaches them all here. */
function resolveAll({ hostname, port }: HostPort): HostPort {
  return { hostname: hostname === "" ? everyAddress() : hostname, port };
}

/** `::` takes IPv4, too, but not every machine has IPv6. */
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

/** Opens every one, or none. */
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
    // A worker reads a socket of each address; one wakeup is enough to wake it.
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
    wake() {}, // They sleep on the control word itself.
    dropped: () => null,
    readings: () => addresses.map(() => ({ dropped: null, queuedBytes: null, bufferBytes: null })),
    stopAccepting() {}, // A worker drains its own socket until it falls quiet, then closes it.
    close() {},
  };
}
