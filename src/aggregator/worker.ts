import { type FromWorker, type ToWorker, transferListOf } from "./worker_protocol.ts";
import { DatagramReceiver } from "./receive/datagram.ts";
import type { Receiver } from "./receive/receiver.ts";
import { ReuseportReceiver } from "./receive/reuseport.ts";
import { HandOver } from "./receive/hand_over.ts";
import { dropAllPermissions } from "../shared/process/process.ts";
import { messageOf } from "../shared/error_message.ts";

interface WorkerScope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker, transfer: Transferable[]): void;
  close(): void;
}

const scope = self as unknown as WorkerScope;

function post(message: FromWorker): void {
  scope.postMessage(message, transferListOf(message));
}

type Prepared = Pick<ToWorker & { kind: "prepare" }, "control" | "worker" | "sampling"> & {
  receiver: Receiver;
};

let prepared: Prepared | undefined;

function prepare(
  { open, datagramBytesMax, control, worker, sampling }: ToWorker & { kind: "prepare" },
): void {
  let ports: readonly number[] | undefined;
  let receiver: Receiver;
  if (open.receiver === "reuseport") {
    receiver = new ReuseportReceiver(datagramBytesMax, sampling);
  } else {
    const datagram = new DatagramReceiver(open.addresses, datagramBytesMax);
    ports = datagram.ports;
    receiver = datagram;
  }
  prepared = { receiver, control, worker, sampling };
  // This thread is going to read bytes from strangers, so from here on it holds no permission at all.
  const held = dropAllPermissions();
  post({ kind: "ready", held, ...(ports === undefined ? {} : { ports }) });
}

async function receive(order: ToWorker & { kind: "receive" }): Promise<void> {
  if (!prepared) throw new TypeError("A worker must be prepared before it receives");
  const handOver = new HandOver(prepared.control, prepared.worker, post, prepared.sampling);
  try {
    await prepared.receiver.receive(handOver, order);
  } finally {
    handOver.handOver();
  }
  post({ kind: "stopped" });
  scope.close();
}

function fail(error: unknown): void {
  post({ kind: "failed", reason: messageOf(error) });
  scope.close();
}

scope.onmessage = ({ data }) => {
  try {
    if (data.kind === "prepare") prepare(data);
    else receive(data).catch(fail);
  } catch (error) {
    fail(error);
  }
};
