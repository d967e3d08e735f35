/**
 * The report of the master to the admin thread, as numbers in shared memory. NaN means unknown.
 *
 * @module
 */
import { REASONS } from "../aggregate/partial.ts";

/**
 * The single numbers of a report, in their order in shared memory. Names that end in `Ms` are times in
 * milliseconds of the master's monotonic clock, except for `wallMs`, which is Unix time.
 */
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

/** What a worker does at the moment. */
export const WorkerState = { parked: 0, receiving: 1, silent: 2, gone: 3 } as const;
export type WorkerState = typeof WorkerState[keyof typeof WorkerState];

export interface WorkerReport {
  readonly state: number;
  /** Which socket of each address the worker reads: an index from 0; NaN while it is parked. */
  readonly place: number;
  /** How many datagrams the worker has handed over. */
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

/** How many of each thing there are. Fixed at the start, and with it the layout of the shared memory. */
export interface Shape {
  /** Spare workers included. */
  readonly workers: number;
  readonly sockets: number;
  readonly addresses: number;
  readonly windowSeconds: readonly number[];
}

const WORKER_CELLS = 3;
const SOCKET_CELLS = 3;

/** Returns how many numbers a report of this shape has. */
export const reportCells = ({ workers, sockets, addresses }: Shape): number =>
  SCALARS.length + REASONS.length + workers * WORKER_CELLS + sockets * SOCKET_CELLS + addresses;

/**
 * Writes a report into shared memory: scalars, rejected, workers, sockets, ports. Missing numbers become NaN.
 */
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

/** Reads what {@linkcode encodeReport} has written. */
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
