import type { HostPort } from "../shared/flags/flags.ts";
import { localAddressFor } from "../shared/net_permission.ts";
import type { Transport } from "./run.ts";
import type { Datagrams } from "./shapes.ts";

/**
 * Sockets of `Deno.listenDatagram`: a system call and a promise a datagram, but no `--allow-ffi`. They are not
 * connected, so the kernel does not tell them of a datagram that was refused.
 *
 * @throws {Deno.errors.NotCapable} The permission to bind a local port is missing.
 */
export function openDatagram(
  to: HostPort,
  sources: number,
  datagrams: Datagrams,
): Transport {
  const address: Deno.NetAddr = { transport: "udp", ...to };
  const sockets: Deno.DatagramConn[] = [];
  const close = () => sockets.forEach((socket) => socket.close());
  let turn = 0;

  /** The whole batch is in flight at once: its slots are written over only when the last one has gone. */
  async function send(begin: number): Promise<number> {
    const sends: Promise<number>[] = [];
    for (let slot = begin; slot < datagrams.size; slot++) {
      const at = slot * datagrams.slotBytes;
      const bytes = datagrams.bytes.subarray(at, at + datagrams.lengths[slot]!);
      sends.push(sockets[turn++ % sources]!.send(bytes, address));
    }
    await Promise.all(sends);
    return sends.length;
  }

  try {
    for (let i = 0; i < sources; i++) {
      sockets.push(Deno.listenDatagram({ transport: "udp", ...localAddressFor(to.hostname) }));
    }
  } catch (error) {
    close();
    throw error;
  }
  return { send, close, refused: 0 };
}
