/**
 * What the master tells the admin thread: numbers alone. NaN stands for what isn't known.
 *
 * @module
 */
import { REASONS } from "../aggregate/partial.ts";

/** Numbers that there is one of each. Times are milliseconds of the master's monotonic clock, unless they say wall. */
export const SCALARS = [
  "reportedMs",
  "wallMs",
  "accepted",
  "lost",
  "late",
  "recordsWritten",
  "recordsWaiting",
  "recordsLost",
  "recordMs",
  "checkpointMs",
  "checkpointFailing",
  "sinkFailing",
  "sparesLeft",
  "clockStepsForward",
  "clockStepsBack",
  "openDescriptors",
  "maxDescriptors",
] as const;

export type Scalar = typeof SCALARS[number];

/** What a worker does. */
export const WorkerState = { parked: 0, receiving: 1, silent: 2, gone: 3 } as const;
export type WorkerState = typeof WorkerState[keyof typeof WorkerState];

export interface WorkerReport {
  readonly state: number;
  /** The place in which it receives, of each address a socket; NaN while it is parked. */
  readonly place: number;
  /** Datagrams that it has handed over. */
  readonly received: number;
}

export interface SocketReport {
  readonly dropped: number;
  readonly queuedBytes: number;
  readonly bufferBytes: number;
}

export interface Report extends Readonly<Record<Scalar, number>> {
  /** In the order of `REASONS`. */
  readonly rejected: readonly number[];
  readonly workers: readonly WorkerReport[];
  readonly sockets: readonly SocketReport[];
  /** The port of each address. */
  readonly ports: readonly number[];
}

/** How many of what there can be: fixed at the start. */
export interface Shape {
  /** Spares included. */
  readonly workers: number;
  readonly sockets: number;
  readonly addresses: number;
  readonly windowSeconds: readonly number[];
}

const WORKER_CELLS = 3;
const SOCKET_CELLS = 3;

export const reportCells = ({ workers, sockets, addresses }: Shape): number =>
  SCALARS.length + REASONS.length + workers * WORKER_CELLS + sockets * SOCKET_CELLS + addresses;

/** A report as it lies in shared memory: scalars, rejects, workers, sockets, ports. What is missing is NaN. */
export function encodeReport(report: Report, shape: Shape, cells: Float64Array): void {
  let at = 0;
  const put = (value: number | undefined) => void (cells[at++] = value ?? NaN);
  for (const name of SCALARS) put(report[name]);
  for (let i = 0; i < REASONS.length; i++) put(report.rejected[i]);
  for (let i = 0; i < shape.workers; i++) {
    const worker = report.workers[i];
    put(worker?.state);
    put(worker?.place);
    put(worker?.received);
  }
  for (let i = 0; i < shape.sockets; i++) {
    const socket = report.sockets[i];
    put(socket?.dropped);
    put(socket?.queuedBytes);
    put(socket?.bufferBytes);
  }
  for (let i = 0; i < shape.addresses; i++) put(report.ports[i]);
}

export function decodeReport(cells: Float64Array, shape: Shape): Report {
  let at = 0;
  const next = (): number => cells[at++]!;
  const scalars = Object.fromEntries(SCALARS.map((name) => [name, next()])) as Record<Scalar, number>;
  const rejected = REASONS.map(next);
  const workers = Array.from(
    { length: shape.workers },
    () => ({ state: next(), place: next(), received: next() }),
  );
  const sockets = Array.from(
    { length: shape.sockets },
    () => ({ dropped: next(), queuedBytes: next(), bufferBytes: next() }),
  );
  const ports = Array.from({ length: shape.addresses }, next);
  return { ...scalars, rejected, workers, sockets, ports };
}
