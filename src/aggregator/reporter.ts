import type { BoardWriter } from "./admin/board.ts";
import { WorkerState } from "./admin/report.ts";
import type { PoolMember } from "./worker_pool.ts";
import { REASONS } from "./aggregate/partial.ts";
import type { SocketReading } from "./receive/receiver.ts";
import type { Count } from "./service_log.ts";
import type { ClockStep } from "./aggregate/timeline.ts";
import type { Clock } from "../shared/clock.ts";
import type { ClosedWindow } from "./aggregate/windows.ts";

/** The shortest time between two reports. */
const REPORT_INTERVAL_MS = 1000;
/**
 * For how many waiting records the lag is measured. If more wait, the file fails, which other numbers show.
 */
const LAGS_WAITING_MAX = 4096;

/** Where the reporter gets its numbers from, once a second. */
export interface Sources {
  count(): Count;
  workerStates(): PoolMember[];
  sockets(): SocketReading[];
  ports(): number[];
  sink(): {
    readonly written: number;
    readonly waiting: number;
    readonly lost: number;
    readonly failing: boolean;
  };
  /** Undefined: no checkpoint is kept. */
  checkpoint(): { readonly failing: boolean; readonly savedMs: number | undefined } | undefined;
  descriptors(): { readonly open: number; readonly max: number } | undefined;
}

/**
 * Writes the master's numbers into shared memory for the admin thread, at most once a second; never waits.
 */
export class Reporter {
  readonly #board: BoardWriter;
  readonly #clock: Clock;
  readonly #sources: Sources;
  readonly #steps = { forward: 0, back: 0 };
  /** The last tick in both times: on the master's timeline and on the monotonic clock. */
  #ticked = { timelineMs: 0, nowMs: 0 };
  #reportedMs = -Infinity;
  #written = 0;
  #recordMs = NaN;
  /** For each record that is not in the file yet, when its window ended, by the monotonic clock. */
  #endsMs: number[] = [];

  constructor(board: BoardWriter, clock: Clock, sources: Sources) {
    this.#board = board;
    this.#clock = clock;
    this.#sources = sources;
  }

  /**
   * Called at every tick of the master, before it closes windows. `timelineMs`: the Unix time of its
   * timeline.
   */
  tick(timelineMs: number): void {
    const nowMs = this.#clock.monotonicMs();
    this.#ticked = { timelineMs, nowMs };
    this.#board.tick(nowMs);
    if (nowMs - this.#reportedMs < REPORT_INTERVAL_MS) return;
    this.#reportedMs = nowMs;
    this.#noteWritten(nowMs);
    const count = this.#sources.count();
    this.#board.report(this.#reportOf(count, nowMs), {
      seconds: timelineMs / 1000,
      received: count.received,
      accepted: count.accepted,
      rejected: REASONS.reduce((sum, reason) => sum + count.rejected[reason], 0),
      dropped: count.dropped ?? NaN,
    });
  }

  /**
   * Called when windows have closed. `written` resolves when their records are written or a try has failed.
   */
  closed(windows: readonly ClosedWindow[], written: Promise<void>): void {
    this.#board.closed(windows);
    const { timelineMs, nowMs } = this.#ticked;
    const room = LAGS_WAITING_MAX - this.#endsMs.length;
    for (const { timestampSeconds } of windows.slice(0, room)) {
      this.#endsMs.push(nowMs - (timelineMs - timestampSeconds * 1000));
    }
    void written.then(() => this.#noteWritten(this.#clock.monotonicMs()));
  }

  clockStep({ direction }: ClockStep): void {
    this.#steps[direction]++;
  }

  #noteWritten(nowMs: number): void {
    const { written, waiting } = this.#sources.sink();
    if (written > this.#written) this.#recordMs = nowMs;
    this.#written = written;
    if (waiting > 0) return;
    for (const endMs of this.#endsMs.splice(0)) this.#board.lag(Math.max(0, nowMs - endMs) / 1000, 1);
  }

  #reportOf(count: Count, nowMs: number) {
    const { count: _, workerStates, sockets, ports, sink, checkpoint, descriptors } = this.#sources;
    const { written, waiting, lost, failing } = sink();
    const saved = checkpoint();
    const members = workerStates();
    const open = descriptors();
    return {
      reportedMs: nowMs,
      wallMs: this.#clock.wallMs(),
      accepted: count.accepted,
      rejected: REASONS.map((reason) => count.rejected[reason]),
      lost: count.lost,
      late: count.late,
      recordsWritten: written,
      recordsWaiting: waiting,
      recordsLost: lost,
      recordMs: this.#recordMs,
      checkpointMs: saved?.savedMs ?? NaN,
      checkpointFailing: saved ? Number(saved.failing) : NaN,
      sinkFailing: Number(failing),
      sparesLeft: members.filter(({ state }) => state === "parked").length,
      clockStepsForward: this.#steps.forward,
      clockStepsBack: this.#steps.back,
      openDescriptors: open?.open ?? NaN,
      maxDescriptors: open?.max ?? NaN,
      ports: ports(),
      workers: members.map(({ worker, state, place }) => ({
        state: WorkerState[state],
        place: place ?? NaN,
        received: count.receivedByWorker[worker] ?? NaN,
      })),
      sockets: sockets().map(({ dropped, queuedBytes, bufferBytes }) => ({
        dropped: dropped ?? NaN,
        queuedBytes: queuedBytes ?? NaN,
        bufferBytes: bufferBytes ?? NaN,
      })),
    };
  }
}
