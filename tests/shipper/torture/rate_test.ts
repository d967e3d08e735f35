import assert from "node:assert/strict";
import { PostgresSql } from "../../../src/shared/database/postgres.ts";
import { freshDatabase } from "../../support/database/database.ts";
import { DatabaseServer } from "../../support/database/database_server.ts";
import { times } from "../../support/processes/long_tests.ts";
import {
  SHIPPER_PERMISSIONS as permissions,
  ShipperProcess,
  until,
} from "../../support/processes/shipper_process.ts";
import { withDirectory } from "../../support/disk/temporary_directory.ts";

/** The backlog of a long outage: with `--full`, about three years of one instance. */
const LINES = times(70_000, 10_000_000);

Deno.test({
  name: `torture: a backlog of ${LINES} lines is shipped completely, and the memory does not grow`,
  permissions,
  fn: () =>
    withDirectory(async (directory) => {
      await using server = await DatabaseServer.start();
      await using database = await freshDatabase((name) => server.url(name));
      const { databaseUrl } = database;
      const sql = new PostgresSql(databaseUrl!, { answerMs: 120_000 });
      const file = `${directory}/m.jsonl`;
      const sum = await writeLines(file, LINES);
      const begunMs = performance.now();
      await using shipper = await ShipperProcess.start(["--file", file, "--instance", "one"], databaseUrl);
      const memoryMb: number[] = [];
      const position = () =>
        sql.query<{ at: string }>("select coalesce(max(file_offset), 0)::text as at from sluice.positions")
          .then(([row]) => Number(row!.at))
          .catch(() => 0);
      const size = (await Deno.stat(file)).size;
      let toldMs = begunMs;
      await until("the end of the file", async () => {
        if (performance.now() - toldMs > 2000) {
          memoryMb.push(await residentMb(shipper.pid));
          toldMs = performance.now();
        }
        return await position();
      }, (at) =>
        at === size, 600_000);
      const seconds = (performance.now() - begunMs) / 1000;
      const [row] = await sql.query<{ count: string; sum: string }>(
        "select count(*)::text, sum(a1_sum)::text from sluice.records",
      );
      assert.deepEqual(row, { count: String(LINES), sum: String(sum) });
      console.log(
        `${LINES} lines in ${seconds.toFixed(1)} s: ${Math.round(LINES / seconds)} rows/s, start included; ` +
          `memory in MB every 2 s: ${memoryMb.join(" ")}`,
      );
      const backends = await sql.query<{ pid: number }>(
        "select pid from pg_stat_activity where application_name = 'sluice-ship'",
      );
      const cpu = await Promise.all([
        shipper.pid,
        ...backends.map(({ pid }) =>
          pid
        ),
      ].map(cpuSeconds));
      console.log(`processor time: shipper ${cpu[0]} s, its sessions ${cpu.slice(1).join(" and ")} s`);
      await sql.close();
      if (memoryMb.length < 10) {
        return;
      }
      const [early, late] = [memoryMb.slice(0, memoryMb.length / 2), memoryMb.slice(memoryMb.length / 2)];
      assert.ok(Math.max(...late) < 1.5 * Math.max(...early), "the memory grows");
    }),
});

/** Writes lines of 10 s and 60 s in the aggregator's format. Returns the total of their sums. */
async function writeLines(path: string, lines: number): Promise<bigint> {
  using file = await Deno.open(path, { write: true, create: true });
  const encoder = new TextEncoder();
  let [seconds, sum] = [1_600_000_020, 0n];
  let text = "";
  const add = (length: number, value: number) => {
    text +=
      `{"timestamp":${seconds}, "count_type":"${length}s", "A1_sum": ${value}, "A2_max":65329, "A3_min": 8}\n`;
    sum += BigInt(value);
    lines--;
  };
  while (lines > 0) {
    seconds += 10;
    add(10, 510_031 + lines);
    if (seconds % 60 === 0 && lines > 0) add(60, 3_060_186 + lines);
    if (text.length < 4_000_000 && lines > 0) continue;
    const bytes = encoder.encode(text);
    for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
    text = "";
  }
  return sum;
}

async function residentMb(pid: number): Promise<number> {
  const { stdout } = await new Deno.Command("/bin/sh", {
    args: ["-c", 'exec cat "/proc/$1/status"', "sh", String(pid)],
  }).output();
  return Math.round(Number(/^VmRSS:\s+(\d+) kB$/m.exec(new TextDecoder().decode(stdout))?.[1] ?? 0) / 1024);
}

/** Returns the CPU time of a process in user and kernel mode, with a resolution of 10 ms. */
async function cpuSeconds(pid: number): Promise<number> {
  const { stdout } = await new Deno.Command("/bin/sh", {
    args: ["-c", 'exec cat "/proc/$1/stat"', "sh", String(pid)],
  }).output();
  const fields = new TextDecoder().decode(stdout).replace(/^.*\) /, "").split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
