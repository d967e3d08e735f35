import { Control, QUIET_WAIT_MS } from "../worker_protocol.ts";
import { Batch, scanDatagram } from "../parse/scanner.ts";
import type { Receiver, ReceiverHost } from "./receiver.ts";
import { formatHostPort, type HostPort } from "../../shared/address.ts";

/**
 * Receives kept in flight: one at a time costs a turn of the event loop each and loses half of a flood. Of 16, 32 and
 * 64, flat out, 32 took the least CPU beside the plain loop: 0.91, 0.85 and 0.95 of it (two medians of 5 each).
 */
const IN_FLIGHT = 32;

/** A stop waits until the sockets gave nothing for so long, and no longer than the second figure. */
const QUIET_MS = 20;
const DRAIN_MS_MAX = 500;

/** Receives through `Deno.listenDatagram`: on any platform, without FFI; one socket an address for each worker. */
export class DatagramReceiver implements Receiver {
  readonly #sockets: readonly Deno.DatagramConn[];
  readonly #datagramBytesMax: number;
  #received = 0;

  /** Opens the sockets: net permission for the addresses is needed here, and no later. */
  constructor(addresses: readonly HostPort[], datagramBytesMax: number) {
    this.#sockets = addresses.map((address) =>
      Deno.listenDatagram({ transport: "udp", ...address, reuseAddress: true })
    );
    this.#datagramBytesMax = datagramBytesMax;
  }

  /** Of each address, in their order. */
  get ports(): readonly number[] {
    return this.#sockets.map(({ addr }) => (addr as Deno.NetAddr).port);
  }

  async receive(host: ReceiverHost): Promise<void> {
    const loops = this.#sockets.map((socket) =>
      Array.from({ length: IN_FLIGHT }, () => this.#loop(socket, host))
    );
    const ended = Promise.all(loops.flat());
    await Promise.race([ended, this.#watch(host)]);
    await this.#drain();
    for (const socket of this.#sockets) socket.close();
    await ended;
  }

  /** One receive in flight, until the socket is closed. */
  async #loop(socket: Deno.DatagramConn, host: ReceiverHost): Promise<void> {
    // One byte more than allowed, so that a longer datagram shows: the system cuts it without a word.
    const batch = new Batch(this.#datagramBytesMax + 1);
    for (;;) {
      let bytes: Uint8Array;
      let from: Deno.Addr;
      try {
        [bytes, from] = await socket.receive(batch.bytes);
      } catch (error) {
        if (error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted) return;
        throw error;
      }
      this.#received++;
      host.look();
      host.note(1);
      const truncated = bytes.length > this.#datagramBytesMax;
      const end = truncated ? this.#datagramBytesMax : bytes.length;
      if (host.sampler) {
        host.sampler.scan(
          batch,
          0,
          end,
          truncated,
          host.into,
          () => formatHostPort(from as Deno.NetAddr),
        );
      } else scanDatagram(batch, 0, end, truncated, host.into);
    }
  }

  /** Looks at the control word while no datagram comes, until it asks to stop. */
  async #watch(host: ReceiverHost): Promise<void> {
    const { control } = host;
    for (;;) {
      // Taken before the look: a tick that comes after that ends the wait at once.
      const tick = Atomics.load(control, Control.tick);
      if (!host.look()) return;
      await Atomics.waitAsync(control, Control.tick, tick, QUIET_WAIT_MS).value;
    }
  }

  async #drain(): Promise<void> {
    for (
      let waitedMs = 0, before = -1;
      this.#received !== before && waitedMs < DRAIN_MS_MAX;
      waitedMs += QUIET_MS
    ) {
      before = this.#received;
      await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    }
  }
}
