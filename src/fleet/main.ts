/**
 * Prints the windows of a whole fleet, as its shippers have brought them to the database.
 *
 * @module
 */
import denoJson from "../../deno.json" with { type: "json" };
import { StoreUnavailable } from "../shared/database/errors.ts";
import { openSql } from "../shared/database/open.ts";
import type { Sql } from "../shared/database/sql.ts";
import { readDotEnv, UsageError } from "../shared/flags/flags.ts";
import { readVariable, writeStderr } from "../shared/process/process.ts";
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

/** Goes on for ever; an outage of the database is told once, and waited for. */
async function follow(sql: Sql, { windowSeconds, waitSeconds }: FleetConfig): Promise<void> {
  const following = new Following(waitSeconds);
  // What was there before is not news, as with tail.
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

async function main(): Promise<number> {
  try {
    const request = parseConfig(Deno.args, readVariable, readDotEnv(".env"), Deno.stdout.isTerminal());
    if (request.kind !== "run") {
      console.log(request.kind === "help" ? request.text : denoJson.version);
      return 0;
    }
    const { config } = request;
    const { databaseUrl, dataDirectory } = config;
    const sql = await openSql({ databaseUrl, dataDirectory, name: "sluice-fleet", answerMs: 10_000 });
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      Deno.addSignalListener(signal, () => void sql.close().finally(() => Deno.exit(0)));
    }
    await (config.follow ? follow : show)(sql, config);
    await sql.close();
    return 0;
  } catch (error) {
    writeStderr(`error: ${error instanceof Error ? error.message : error}`);
    return error instanceof UsageError ? 2 : 1;
  }
}

Deno.exit(await main());
