import { openSql } from "../shared/database/open.ts";
import { formatHostPort } from "../shared/address.ts";
import { readDotEnv } from "../shared/flags/flags.ts";
import { REAL_CLOCK } from "../shared/clock.ts";
import { readVariable } from "../shared/process/process.ts";
import { onStopSignal, openLog, runProgram } from "../shared/program.ts";
import { listenForAdmin } from "./admin.ts";
import { ANSWER_MS, parseConfig, READ_BYTES, type ShipperConfig, STOP_DEADLINE_MS } from "./config.ts";
import { Fleet } from "./destination.ts";
import { FileDirectory } from "./directory.ts";
import { Follower } from "./follower.ts";
import { dropStartupPermissions } from "./permissions.ts";
import { Shipper } from "./shipper.ts";
import { watchDirectory } from "./watch.ts";
import { messageOf } from "../shared/error_message.ts";

async function ship(config: ShipperConfig): Promise<void> {
  const log = openLog(config);
  const { file, instance, labels, keepDays, databaseUrl, dataDirectory, admin } = config;
  const directory = new FileDirectory(file);
  requireDirectory(directory.path);
  const sql = await openSql({ databaseUrl, dataDirectory, name: "sluice-ship", answerMs: ANSWER_MS });
  const fleet = new Fleet({
    sql,
    instance,
    labels,
    keepDays,
    nowMs: () => Date.now(),
    shipped: (shipped) => shipper.shipped(shipped),
  });
  const follower = new Follower({
    directory,
    destination: fleet,
    readBytes: READ_BYTES,
    isStopping: (): boolean => shipper.isStopping,
    behind: (bytes) => shipper.behind(bytes),
  });
  const shipper: Shipper = new Shipper({
    follower,
    fleet,
    clock: REAL_CLOCK,
    log,
    compressed: () => directory.compressed,
  });
  const listener = admin && listenForAdmin(Deno.listen({ ...admin }), REAL_CLOCK, shipper);
  using watch = watchDirectory(directory.path, directory.concerns, () => shipper.wake());
  watch.failed.then((reason) => shipper.lookOften(reason));
  onStopSignal(() => {
    setTimeout(() => Deno.exit(1), STOP_DEADLINE_MS); // The next start ships what is not committed by then.
    shipper.stop();
  });
  dropStartupPermissions(databaseUrl, [directory.path, ...databaseUrl === "" ? [dataDirectory] : []]);
  log.info("following", "records go to the database as they come", {
    file,
    instance,
    database: databaseUrl ? "postgresql" : "embedded",
    ...listener && admin ? { admin: formatHostPort({ ...admin, port: listener.port }) } : {},
  });
  await shipper.run();
  await listener?.stop();
  await sql.close();
  log.info("stopped", "the batch under way is finished", { ...shipper.counts });
}

/** @throws {Error} The directory can't be read. */
function requireDirectory(path: string): void {
  if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") {
    throw new Deno.errors.NotCapable(
      `Cannot follow a file in ${path}: read permission is missing; run with --allow-read=${path}`,
    );
  }
  try {
    Deno.readDirSync(path)[Symbol.iterator]().next();
  } catch (error) {
    throw new Error(`Cannot follow a file in ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** The host's name; undefined when the permission to read it is missing: then `--instance` must be given. */
function hostname(): string | undefined {
  try {
    return Deno.hostname();
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return undefined;
    throw error;
  }
}

Deno.exit(
  await runProgram(() => {
    const facts = { hostname: hostname(), stderrIsTerminal: Deno.stderr.isTerminal() };
    return parseConfig(Deno.args, readVariable, readDotEnv(".env"), facts);
  }, ship),
);
