import { dirname, resolve } from "node:path";
import { Checkpoint, checkpointPathOf, recover, type Recovered } from "./checkpoint.ts";
import { type AggregatorConfig, RECORDS_WAITING_SECONDS } from "./config.ts";
import { type Disk, requireDirectory } from "./disk.ts";
import { lastTimestampSeconds } from "./record.ts";
import { Sink } from "./sink.ts";
import { STANDARD_OUTPUT, StandardOutput } from "./standard_output.ts";
import type { Clock } from "./timeline.ts";
import { randomHex } from "../shared/data_files.ts";
import { UsageError } from "../shared/flags.ts";
import type { Log } from "../shared/log.ts";

/** Where records go and what survives a kill, opened. */
export interface Output {
  readonly sink: Sink;
  /** Undefined where none is kept: with records on stdout, unless it was asked for. */
  readonly checkpoint: Checkpoint | undefined;
  readonly recovered: Recovered;
  /** Of the last record there is; 0 where there is none. */
  readonly lastTimestampSeconds: number;
  /** The directories that it goes on to read and write. */
  readonly directories: readonly string[];
}

export interface OutputParts {
  disk: Disk;
  clock: Clock;
  log: Log;
}

/**
 * Opens the output, and collects what killed processes have left beside it.
 *
 * @throws {Error} The file can't be opened; the message says what to change.
 */
export async function openOutput(
  config: AggregatorConfig,
  { disk, clock, log }: OutputParts,
): Promise<Output> {
  const { outPath: path } = config;
  const toStdout = path === STANDARD_OUTPUT;
  const checkpointPath = checkpointPathIn(config);
  const paths = [...toStdout ? [] : [path], ...checkpointPath === undefined ? [] : [checkpointPath]];
  for (const each of paths) await requireDirectory(each);
  const output = toStdout ? new StandardOutput(clock) : disk;
  const recordsWaitingMax = config.windowSeconds.reduce(
    (sum, each) => sum + RECORDS_WAITING_SECONDS / each,
    0,
  );
  const sink = new Sink({ path, disk: output, clock, log, recordsWaitingMax });
  const inFile = await sink.open() ?? 0;
  const directories = [...new Set(paths.map((each) => dirname(each)))];
  if (checkpointPath === undefined) {
    log.info("no_checkpoint", "a kill loses what the open windows hold; --checkpoint FILE keeps it");
    const recovered = { lines: [], forget: () => Promise.resolve() };
    return { sink, checkpoint: undefined, recovered, lastTimestampSeconds: inFile, directories };
  }
  const checkpoint = new Checkpoint(checkpointPath, randomHex(), disk);
  const recovered = await recover(path, disk, log, checkpointPath);
  const inCheckpoint = lastTimestampSeconds(recovered.lines.join("")) ?? 0;
  return {
    sink,
    checkpoint,
    recovered,
    lastTimestampSeconds: Math.max(inFile, inCheckpoint),
    directories,
  };
}

/** @throws {UsageError} Its files would be taken for rotated ones of the output. */
function checkpointPathIn({ outPath, checkpointPath }: AggregatorConfig): string | undefined {
  const usual = outPath === STANDARD_OUTPUT ? undefined : checkpointPathOf(outPath);
  if (checkpointPath === null || checkpointPath === usual) return usual;
  if (resolve(checkpointPath).startsWith(resolve(outPath))) {
    throw new UsageError(
      `Cannot use "${checkpointPath}" for --checkpoint: it begins with the name of the output`,
    );
  }
  return checkpointPath;
}
