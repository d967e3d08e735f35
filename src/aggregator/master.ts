import type { BoardWriter } from "./admin/board.ts";
import type { Checkpoint, Recovered } from "./write/checkpoint.ts";
import {
  type AggregatorConfig,
  HAND_OVER_INTERVAL_MS,
  JUMP_RECORDS_SECONDS_MAX,
  SAMPLES_INTERVAL_MS,
  STOP_DEADLINE_MS,
  TOTALS_INTERVAL_MS,
  WATERMARK_PATIENCE_MS,
} from "./config.ts";
import { type StartWorker, WorkerPool } from "./worker_pool.ts";
import { createControl, type FromWorker, readsOf, signalMinute, signalTick } from "./worker_protocol.ts";
import { emptyTotals, mergeTotals, totalsOf } from "./aggregate/partial.ts";
import { formatAddresses, type Port } from "./receive/port.ts";
import { detailedLine, recordLine, recoveredLine } from "./write/record.ts";
import { Recorder } from "./write/recorder.ts";
import type { RejectedSample } from "./write/rejected_sample.ts";
import { Reporter } from "./reporter.ts";
import { type Count, ServiceLog } from "./service_log.ts";
import type { Sink } from "./write/sink.ts";
import { isFarAhead, Timeline } from "./aggregate/timeline.ts";
import type { Clock } from "../shared/clock.ts";
import { type ClosedWindow, Windows } from "./aggregate/windows.ts";
import type { Log } from "../shared/log.ts";
import { messageOf } from "../shared/error_message.ts";

/** Everything outside of the master that it uses. Tests pass simulated parts. */
export interface MasterParts {
  config: AggregatorConfig;
  clock: Clock;
  port: Port;
  sink: Sink;
  /** Undefined: no checkpoint is kept. */
  checkpoint: Checkpoint | undefined;
  /** Records that killed processes left unwritten. */
  recovered: Recovered;
  /** Timestamp of the last record, in seconds; 0: there is none. The timeline begins no earlier. */
  lastTimestampSeconds: number;
  /** Undefined: rejected messages are only counted. */
  rejectedSample?: RejectedSample | undefined;
  log: Log;
  startWorker: StartWorker;
  /** Shared memory that the admin thread reads; undefined: there is no admin thread. */
  board?: BoardWriter | undefined;
  descriptors?: { count(): number; readonly max: number } | undefined;
  /** Called when every socket is open and every worker is started. */
  dropPermissions(): void;
}

/** How much of STOP_DEADLINE_MS a stop keeps for the last records and the exit. */
const STOP_RESERVE_MS = 300;

/** Tells workers when to hand over, merges what they hand over, and writes a record for each ended window. */
export class Master {
  readonly #parts: MasterParts;
  readonly #log: ServiceLog;
  readonly #control: Int32Array<SharedArrayBuffer>;
  readonly #pool: WorkerPool;
  readonly #recorder: Recorder;
  readonly #reporter: Reporter | undefined;
  readonly #totals = emptyTotals();
  /** How many datagrams each worker has handed over. A spare that never received has no entry. */
  readonly #receivedByWorker: number[] = [];
  readonly #dead = new Set<number>();
  readonly #failed = Promise.withResolvers<void>();
  #timeline = new Timeline(0, 0);
  #windows: Windows;
  #tickedAtMs = 0;
  #records = 0;
  readonly #line: (window: ClosedWindow) => string;
  #cancelTick = () => {};
  /** Cancels the next call of each repeated callback. */
  readonly #cancelRepeated = new Map<() => void, () => void>();

  constructor(parts: MasterParts) {
    const { config: { workers, spareWorkers: spares, datagramBytesMax }, startWorker, port, sink, log } =
      parts;
    this.#parts = parts;
    this.#log = new ServiceLog(log);
    this.#control = createControl(workers + spares);
    this.#windows = this.#beginTime();
    this.#line = parts.config.extra === "messages" ? detailedLine : recordLine;
    const open = () => this.#windows.peek(this.#timeline.nowMs).map(this.#line);
    this.#recorder = new Recorder({ sink, checkpoint: parts.checkpoint, clock: parts.clock, log, open });
    this.#pool = new WorkerPool({
      workers,
      spares,
      datagramBytesMax,
      startWorker,
      control: this.#control,
      sampling: parts.rejectedSample !== undefined,
      orderOf: (index) => port.orderOf(index),
    }, {
      joined: (worker) => this.#join(worker),
      partial: (worker, message) => this.#merge(worker, message),
      refused: (refused) => parts.rejectedSample?.add(refused),
      lost: (worker, reason, replacement) => {
        this.#lose(worker, reason);
        this.#log.workerReplaced(worker, replacement);
        if (replacement === undefined) this.#failed.resolve();
      },
      spareLost: (worker, reason) => this.#log.spareLost(worker, reason),
    });
    this.#reporter = parts.board && this.#reporterTo(parts.board);
  }

  /** Resolves when the service can't continue, because a socket has no worker left that reads it. */
  get failed(): Promise<void> {
    return this.#failed.promise;
  }

  /**
   * Starts the workers, drops the main thread's permissions, writes recovered records, begins to receive.
   *
   * @throws {Error} A worker can't be started or can't listen.
   */
  async start(): Promise<void> {
    const { config, clock, port, recovered, lastTimestampSeconds, dropPermissions } = this.#parts;
    const { kind: receiver, addresses } = port;
    const open = receiver === "reuseport" ? { receiver } : { receiver, addresses };
    try {
      const ports = await this.#pool.prepare(open);
      port.addresses = addresses.map(({ hostname, port }, i) => ({ hostname, port: ports?.[i] ?? port }));
    } catch (error) {
      this.#pool.terminate();
      throw new Error(`Cannot listen on ${formatAddresses(addresses)}: ${messageOf(error)}`, {
        cause: error,
      });
    }
    dropPermissions();
    const lines = config.extra === "messages" ? recovered.lines.map(recoveredLine) : recovered.lines;
    await this.#recorder.recover({ ...recovered, lines });
    if (isFarAhead(lastTimestampSeconds, clock.wallMs())) this.#log.futureFile(lastTimestampSeconds);
    this.#windows = this.#beginTime();
    this.#tickedAtMs = clock.monotonicMs();
    this.#pool.receive();
    this.#reporter?.tick(this.#timeline.nowMs);
    this.#log.listening(config, port);
    this.#scheduleTick();
    this.#repeat(() => this.#log.totals(this.#count()), TOTALS_INTERVAL_MS);
    if (this.#parts.rejectedSample) this.#repeat(() => this.#renewSamples(), SAMPLES_INTERVAL_MS);
  }

  /** Opens the output file again at once, for SIGHUP. */
  reopen(): Promise<void> {
    return this.#recorder.reopen();
  }

  /**
   * Shuts down gracefully within STOP_DEADLINE_MS: accepts no more datagrams, reads what the sockets hold,
   * writes the open windows as partial records and closes the file.
   *
   * @returns whether every record is in the file, or in a checkpoint for the next start.
   */
  async stop(): Promise<boolean> {
    const { clock, port } = this.#parts;
    const deadline = Promise.withResolvers<void>();
    const cancelDeadline = clock.setTimer(deadline.resolve, STOP_DEADLINE_MS);
    this.#cancelTick();
    for (const cancel of this.#cancelRepeated.values()) cancel();
    this.#tick();
    port.stopAccepting();
    const stopping = this.#pool.stop(clock, STOP_DEADLINE_MS - STOP_RESERVE_MS);
    port.wake();
    for (const { worker, reason } of await stopping) this.#lose(worker, reason);
    this.#advanceTime();
    const lines = this.#render(this.#windows.stop(this.#timeline.nowMs));
    await Promise.race([this.#recorder.finish(lines), deadline.promise]);
    await Promise.race([this.#parts.rejectedSample?.close(), deadline.promise]);
    cancelDeadline();
    const lost = this.#recorder.unsaved;
    if (lost.length > 0) this.#log.unwritten(lost);
    this.#log.stopped(this.#count());
    port.close();
    return lost.length === 0;
  }

  #reporterTo(board: BoardWriter): Reporter {
    const { clock, port, sink, descriptors } = this.#parts;
    return new Reporter(board, clock, {
      count: () => this.#count(),
      workerStates: () => this.#pool.workerStates(),
      sockets: () => port.readings(),
      ports: () => port.addresses.map(({ port }) => port),
      sink: () => sink.counts,
      checkpoint: () => this.#recorder.checkpointState,
      descriptors: () => descriptors && { open: descriptors.count(), max: descriptors.max },
    });
  }

  #beginTime(): Windows {
    const { clock, config, lastTimestampSeconds } = this.#parts;
    const wallMs = clock.wallMs();
    const startMs = isFarAhead(lastTimestampSeconds, wallMs) ? wallMs : lastTimestampSeconds * 1000;
    this.#timeline = new Timeline(clock.monotonicMs(), wallMs, startMs);
    return new Windows({
      windowSeconds: config.windowSeconds,
      align: config.align,
      patienceMs: WATERMARK_PATIENCE_MS,
      jumpRecordsSecondsMax: JUMP_RECORDS_SECONDS_MAX,
    }, this.#timeline.nowMs);
  }

  #advanceTime(): void {
    const { clock } = this.#parts;
    const step = this.#timeline.advance(clock.monotonicMs(), clock.wallMs());
    if (!step) return;
    this.#log.clockStep(step);
    this.#reporter?.clockStep(step);
  }

  /** Closes the windows that can be closed, asks the workers to hand over, and checks that they are alive. */
  #tick(): void {
    const openBefore = this.#windows.open;
    this.#advanceTime();
    this.#reporter?.tick(this.#timeline.nowMs);
    this.#write(this.#windows.advance(this.#timeline.nowMs));
    signalTick(this.#control, this.#windows.open);
    if (this.#windows.open !== openBefore) this.#parts.port.wake();
    const nowMs = this.#parts.clock.monotonicMs();
    this.#pool.checkPulses(Math.min(nowMs - this.#tickedAtMs, HAND_OVER_INTERVAL_MS));
    this.#tickedAtMs = nowMs;
  }

  #scheduleTick(): void {
    const untilEndMs = Math.ceil(this.#windows.openEndsMs - this.#timeline.nowMs);
    const delayMs = Math.max(1, Math.min(HAND_OVER_INTERVAL_MS, untilEndMs));
    this.#cancelTick = this.#parts.clock.setTimer(() => {
      this.#tick();
      this.#scheduleTick();
    }, delayMs);
  }

  #repeat(callback: () => void, intervalMs: number): void {
    const cancel = this.#parts.clock.setTimer(() => {
      callback();
      this.#repeat(callback, intervalMs);
    }, intervalMs);
    this.#cancelRepeated.set(callback, cancel);
  }

  #renewSamples(): void {
    signalMinute(this.#control);
    this.#parts.rejectedSample?.renew();
  }

  #join(worker: number): void {
    this.#windows.join(worker);
    this.#receivedByWorker[worker] = 0;
  }

  #merge(worker: number, { window, next, buffer }: FromWorker & { kind: "partial" }): void {
    const totals = totalsOf(buffer);
    mergeTotals(this.#totals, totals);
    this.#receivedByWorker[worker]! += totals.received;
    this.#windows.add(worker, window, next, totals);
    this.#write(this.#windows.advance(this.#timeline.nowMs));
    if (totals.accepted > 0) this.#recorder.keep();
  }

  #lose(worker: number, reason: string): void {
    this.#dead.add(worker);
    this.#windows.leave(worker);
    this.#log.workerLost(worker, reason, this.#lostBy(worker));
  }

  #write(closed: ClosedWindow[]): void {
    if (closed.length === 0) return;
    const written = this.#recorder.write(this.#render(closed));
    this.#reporter?.closed(closed, written);
  }

  #render(closed: ClosedWindow[]): string[] {
    this.#records += closed.length;
    return closed.map(this.#line);
  }

  /** How many datagrams a worker has read but not handed over. */
  #lostBy(worker: number): number {
    return (Atomics.load(this.#control, readsOf(worker)) - (this.#receivedByWorker[worker] ?? 0)) >>> 0;
  }

  #count(): Count {
    const { received, accepted, rejected } = this.#totals;
    return {
      received,
      accepted,
      rejected,
      dropped: this.#parts.port.dropped(),
      lost: [...this.#dead].reduce((sum, worker) => sum + this.#lostBy(worker), 0),
      late: this.#windows.late,
      records: this.#records,
      receivedByWorker: this.#receivedByWorker,
    };
  }
}
