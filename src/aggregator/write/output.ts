import { dirname, resolve } from "node:path";
import { Checkpoint, recover, type Recovered } from "./checkpoint.ts";
import { checkpointPathOf } from "./file_names.ts";
import { type AggregatorConfig, RECORDS_WAITING_SECONDS, SAMPLES_WAITING_MAX } from "../config.ts";
import { type Disk, requireDirectory } from "./disk.ts";
import { lastTimestampSeconds } from "./record.ts";
import { RejectedSample } from "./rejected_sample.ts";
import { Rotation } from "./rotation.ts";
import { Sink } from "./sink.ts";
import { STANDARD_OUTPUT, StandardOutput } from "./standard_output.ts";
import type { Clock } from "../../shared/clock.ts";
import { randomHex } from "../../shared/files/data_files.ts";
import { UsageError } from "../../shared/flags/flags.ts";
import type { Log } from "../../shared/log.ts";

/** The open output file and all that belongs to it. */
export interface Output {
  readonly sink: Sink;
  /** Undefined: none is kept, because records go to stdout and `--checkpoint` is not set. */
  readonly checkpoint: Checkpoint | undefined;
  readonly recovered: Recovered;
  /** Timestamp of the last record, in the file or recovered; 0: there is none. */
  readonly lastTimestampSeconds: number;
  /** Undefined: `--rejected-sample` is off. */
  readonly rejectedSample: RejectedSample | undefined;
  /** The directories that the service must be able to read and write after the start. */
  readonly directories: readonly string[];
}

export interface OutputParts {
  disk: Disk;
  clock: Clock;
  log: Log;
}

/**
 * Opens the output, and collects the records that killed processes have left in their checkpoints.
 *
 * @throws {UsageError} The paths contradict each other.
 * @throws {Error} A file can't be opened; the message says what to change.
 */
export async function openOutput(config: AggregatorConfig, parts: OutputParts): Promise<Output> {
  const { outPath, rejectedSamplePath } = config;
  checkPaths(config);
  const checkpointPath = checkpointPathIn(config);
  const paths = [outPath, checkpointPath ?? STANDARD_OUTPUT, rejectedSamplePath ?? STANDARD_OUTPUT]
    .filter((path) => path !== STANDARD_OUTPUT);
  for (const path of paths) await requireDirectory(path);
  const recordsWaitingMax = config.windowSeconds.reduce(
    (sum, each) => sum + RECORDS_WAITING_SECONDS / each,
    0,
  );
  const rotation = rotationOf(config, parts);
  const { sink, lastTimestampSeconds: inFile } = await openSink(outPath, recordsWaitingMax, parts, rotation);
  const { checkpoint, recovered } = await openCheckpoint(outPath, checkpointPath, parts);
  return {
    sink,
    checkpoint,
    recovered,
    lastTimestampSeconds: Math.max(inFile, lastTimestampSeconds(recovered.lines.join("")) ?? 0),
    rejectedSample: await openRejectedSample(rejectedSamplePath, parts),
    directories: [...new Set(paths.map((path) => dirname(path)))],
  };
}

async function openSink(
  path: string,
  recordsWaitingMax: number,
  { disk, clock, log }: OutputParts,
  rotation?: Rotation,
) {
  const output = path === STANDARD_OUTPUT ? new StandardOutput(clock) : disk;
  const sink = new Sink({ path, disk: output, clock, log, recordsWaitingMax, rotation });
  return { sink, lastTimestampSeconds: await sink.open() ?? 0 };
}

function rotationOf({ outPath: path, rotate, keep }: AggregatorConfig, { disk, log }: OutputParts) {
  return rotate === null ? undefined : new Rotation({ path, disk, log, when: rotate, keep });
}

async function openCheckpoint(
  outPath: string,
  path: string | undefined,
  { disk, log }: OutputParts,
): Promise<Pick<Output, "checkpoint" | "recovered">> {
  if (path === undefined) {
    log.info("no_checkpoint", "a kill would lose the open windows: --checkpoint FILE would save them");
    return { checkpoint: undefined, recovered: { lines: [], forget: () => Promise.resolve() } };
  }
  const checkpoint = new Checkpoint(path, randomHex(), disk);
  return { checkpoint, recovered: await recover(outPath, disk, log, path) };
}

async function openRejectedSample(
  path: string | null,
  parts: OutputParts,
): Promise<RejectedSample | undefined> {
  if (path === null) return undefined;
  return new RejectedSample((await openSink(path, SAMPLES_WAITING_MAX, parts)).sink, parts.clock);
}

function checkpointPathIn({ outPath, checkpointPath }: AggregatorConfig): string | undefined {
  if (checkpointPath !== null) return checkpointPath;
  return outPath === STANDARD_OUTPUT ? undefined : checkpointPathOf(outPath);
}

/**
 * @throws {UsageError} The checkpoint or the sample would be taken for the output or a rotated file of it, or
 * a flag needs a file where stdout is given.
 */
function checkPaths({ outPath, checkpointPath, rejectedSamplePath, rotate }: AggregatorConfig): void {
  if (outPath === STANDARD_OUTPUT && rotate !== null) {
    throw new UsageError("Cannot use --rotate with --out -: give the path of a file to rotate");
  }
  if (checkpointPath === STANDARD_OUTPUT) {
    throw new UsageError('Cannot use "-" for --checkpoint: give the path of a file');
  }
  const isOfOutput = (path: string) => {
    if (path === STANDARD_OUTPUT || outPath === STANDARD_OUTPUT) return path === outPath;
    return path !== checkpointPathOf(outPath) && resolve(path).startsWith(resolve(outPath));
  };
  const others = { "--checkpoint": checkpointPath, "--rejected-sample": rejectedSamplePath };
  for (const [flag, path] of Object.entries(others)) {
    if (path === null || !isOfOutput(path)) continue;
    throw new UsageError(`Cannot use "${path}" for ${flag}: it begins with the name of the output`);
  }
}
