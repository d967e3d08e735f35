import type { HostPort } from "../shared/flags/flags.ts";
import { localAddressFor } from "../shared/net_permission.ts";
import type { Transport } from "./run.ts";
import type { Datagrams } from "./shapes.ts";

/**
 * Opens sockets with `Deno.listenDatagram`. They need no `--allow-ffi`, but cost a system call and a promise
 * for each datagram. They are not connected, so the kernel does not report refused datagrams.
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

  /**
   * Sends the whole batch concurrently. Returns when all is sent, because the next batch overwrites the
   * slots.
   */
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
