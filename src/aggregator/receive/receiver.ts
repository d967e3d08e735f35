import type { Accumulator } from "../aggregate/partial.ts";
import type { ReceiveOrder } from "../worker_protocol.ts";
import type { Sampler } from "./sampler.ts";

/** The rest of the worker, as its receiver uses it. */
export interface ReceiverHost {
  /** Where messages are added up. */
  readonly into: Accumulator;
  /** Scans in place of the scanner if rejected messages are sampled. */
  readonly sampler?: Sampler | undefined;
  /** The shared control word (see worker_protocol.ts). A receiver sleeps on its tick. */
  readonly control: Int32Array<SharedArrayBuffer>;
  /** Looks at the control word and hands over if there was a tick; to be called once a batch. False: stop. */
  look(): boolean;
  /**
   * Counts datagrams as read. Called before they are scanned, so that the loss is known if the worker dies.
   */
  note(datagrams: number): void;
}

/** The kernel's counters of a socket; null: unknown. */
export interface SocketReading {
  /** Datagrams that the kernel dropped because the receive buffer was full. */
  readonly dropped: number | null;
  readonly queuedBytes: number | null;
  /** The limit of `queuedBytes`: twice the granted SO_RCVBUF. */
  readonly bufferBytes: number | null;
}

/** Reads datagrams for its host, until `look` returns false and the sockets are empty. */
export interface Receiver {
  receive(host: ReceiverHost, order: ReceiveOrder): void | Promise<void>;
}
