import { canOpenLibc, LIBC_PATHS } from "../../shared/libc.ts";
import type { Prepare } from "../messages.ts";
import type { ReceiveOrder } from "./receiver.ts";
import { ReuseportSockets } from "./reuseport_sockets.ts";

/** The master's side of a receiver: the UDP port that the workers share. */
export interface Port {
  readonly kind: Prepare["receiver"];
  readonly hostname: string;
  /** 0 until the first worker that listens has been given one, where any free one was asked for. */
  port: number;
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
  /** From now on nothing arrives; what has arrived can still be read. */
  stopAccepting(): void;
  close(): void;
}

export interface PortOptions {
  hostname: string;
  port: number;
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
 * Opens the port by the receiver asked for; `auto` takes reuseport where it can, and says in `warn` why it can't.
 *
 * @throws {Error} with one line that says what to change: no permission for the address, an address in use, …
 */
export function openPort(options: PortOptions, warn: (message: string) => void): Port {
  const { hostname, port, receiver, workers, bufferBytes } = options;
  const host = formatAddress(hostname, port);
  // The FFI receiver would not need it, but whoever starts the service decides by --allow-net where it listens.
  if (Deno.permissions.querySync({ name: "net", host }).state !== "granted") {
    throw new Deno.errors.NotCapable(
      `Cannot listen on ${host}: net permission is missing; run with --allow-net=${host}`,
    );
  }
  const obstacle = receiver === "datagram" ? "chosen" : reuseportObstacle();
  if (obstacle === undefined) {
    return reuseportPort(new ReuseportSockets(hostname, port, workers, bufferBytes));
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
  return datagramPort(hostname, port);
}

export function formatAddress(hostname: string, port: number): string {
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}

function reuseportPort(sockets: ReuseportSockets): Port {
  const { hostname, port, fds, bells, bufferBytes, sleepMsMax } = sockets;
  return {
    kind: "reuseport",
    hostname,
    port,
    receivingSockets: fds.length,
    bufferBytes,
    orderOf: (index) => ({ fd: fds[index]!, bell: bells[index]!, sleepMsMax }),
    wake: () => sockets.ring(),
    dropped: () => sockets.dropped(),
    stopAccepting: () => sockets.stopAccepting(),
    close: () => sockets.close(),
  };
}

function datagramPort(hostname: string, port: number): Port {
  return {
    kind: "datagram",
    hostname,
    port,
    receivingSockets: 1,
    bufferBytes: null,
    orderOf: () => ({}),
    wake() {}, // They sleep on the control word itself.
    dropped: () => null,
    stopAccepting() {}, // A worker drains its own socket until it falls quiet, then closes it.
    close() {},
  };
}
