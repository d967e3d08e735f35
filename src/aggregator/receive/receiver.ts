import type { Accumulator } from "../aggregate/partial.ts";
import type { ReceiveOrder } from "../worker_protocol.ts";
import type { Sampler } from "./sampler.ts";

/** The part of a worker that a receiver works for. */
export interface ReceiverHost {
  /** Where messages are added up. */
  readonly into: Accumulator;
  /** Scans in the scanner's place, if some of what is refused is to be looked at. */
  readonly sampler?: Sampler | undefined;
  /** The shared control word (see worker_protocol.ts); a receiver sleeps on its tick. */
  readonly control: Int32Array<SharedArrayBuffer>;
  /** Looks at the control word, once a batch, and hands over when it asks for it. False once it asks to stop. */
  look(): boolean;
  /** Notes that so many datagrams were read, before they are scanned: should the worker die, the loss is known. */
  note(datagrams: number): void;
}

/** A socket as the kernel counts it; null where it doesn't tell. */
export interface SocketReading {
  /** Datagrams thrown away because the receive buffer was full. */
  readonly dropped: number | null;
  readonly queuedBytes: number | null;
  /** Twice what SO_RCVBUF was given: the room that `queuedBytes` counts against. */
  readonly bufferBytes: number | null;
}

/** Reads datagrams into its host until `look` says stop and the sockets are empty. */
export interface Receiver {
  receive(host: ReceiverHost, order: ReceiveOrder): void | Promise<void>;
}
