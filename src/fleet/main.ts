/**
 * Prints the windows of a whole fleet, which its shippers have copied to the database.
 *
 * @module
 */
import { StoreUnavailable } from "../shared/database/errors.ts";
import { openSql } from "../shared/database/open.ts";
import type { Sql } from "../shared/database/sql.ts";
import { readDotEnv } from "../shared/flags/flags.ts";
import { readVariable, writeStderr } from "../shared/process/process.ts";
import { onStopSignal, runProgram } from "../shared/program.ts";
import { CHANGES_SECONDS, type FleetConfig, LOOK_MS, parseConfig, RECENT_SECONDS } from "./config.ts";
import { readWindows } from "./query.ts";
import { Following, windowLine, windowTable } from "./windows.ts";

const nowSeconds = () => Math.floor(Date.now() / 1000);

async function show(sql: Sql, { windowSeconds, limit, format }: FleetConfig): Promise<void> {
  const windows = await readWindows(sql, {
    windowSeconds,
    limit,
    sinceSeconds: nowSeconds() - RECENT_SECONDS,
  });
  const lines = format === "table" ? windowTable(windows) : windows.map(windowLine);
  for (const line of lines) console.log(line);
}

/** Prints new and changed windows until the process ends. Reports an outage of the database once, and retries. */
async function follow(sql: Sql, { windowSeconds, waitSeconds }: FleetConfig): Promise<void> {
  const following = new Following(waitSeconds);
  // Like `tail -f`: print the last window, then only what is new.
  let isFirst = true;
  let isDown = false;
  for (;;) {
    try {
      const query = { windowSeconds, limit: 100_000, sinceSeconds: nowSeconds() - CHANGES_SECONDS };
      const news = following.next(await readWindows(sql, query), nowSeconds());
      for (const window of isFirst ? news.slice(-1) : news) console.log(windowLine(window));
      isFirst = isDown = false;
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      if (!isDown) writeStderr(`waiting: ${error.message}`);
      isDown = true;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

async function run(config: FleetConfig): Promise<void> {
  const { databaseUrl, dataDirectory } = config;
  const sql = await openSql({ databaseUrl, dataDirectory, name: "sluice-fleet", answerMs: 10_000 });
  onStopSignal(() => void sql.close().finally(() => Deno.exit(0)));
  await (config.follow ? follow : show)(sql, config);
  await sql.close();
}

Deno.exit(
  await runProgram(
    () => parseConfig(Deno.args, readVariable, readDotEnv(".env"), Deno.stdout.isTerminal()),
    run,
  ),
);
