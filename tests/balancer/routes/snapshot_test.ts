import assert from "node:assert/strict";
import { SnapshotFile } from "../../../src/balancer/routes/snapshot.ts";
import { makeSymlink } from "../../support/disk/links.ts";
import { FULL } from "../../support/http/route_options.ts";
import { eventsOf, type LogEntry, logInto } from "../../support/recorded_log.ts";

const ROUTE = {
  cluster: "a",
  cdnHost: "cdn.example.net",
  cdnWeight: 9,
  originWeight: 1,
  originPort: null,
  version: 1,
  updatedAt: "2026-11-21T22:00:00.000Z",
  updatedBy: "alice",
};
const PERMISSIONS = { read: ["data"], write: ["data"] };

async function withDirectory(use: (directory: string, log: LogEntry[]) => Promise<void>): Promise<void> {
  await Deno.mkdir("data", { recursive: true });
  const directory = await Deno.makeTempDir({ dir: "data", prefix: "test-" });
  const log: LogEntry[] = [];
  try {
    await use(directory, log);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test({
  name: "snapshot: the routes written last are read, and missing directories are created",
  permissions: PERMISSIONS,
  fn: () =>
    withDirectory(async (directory, log) => {
      const snapshot = await SnapshotFile.open(`${directory}/a/b`, logInto(log));
      assert.equal(await snapshot.read(), undefined);
      await snapshot.write([ROUTE]);
      const writes = [1, 2, 3].map((version) => snapshot.write([{ ...ROUTE, version }]));
      await Promise.all(writes);
      const reader = await SnapshotFile.open(`${directory}/a/b`, logInto(log));
      assert.deepEqual(await reader.read(), [{ ...ROUTE, version: 3 }]);
      assert.deepEqual(await Array.fromAsync(Deno.readDir(`${directory}/a/b`), ({ name }) => name), [
        "routes.json",
      ]);
      assert.deepEqual(log, []);
    }),
});

Deno.test({
  name: "snapshot: an unreadable file counts as missing, and the log says so",
  permissions: PERMISSIONS,
  fn: () =>
    withDirectory(async (directory, log) => {
      const snapshot = await SnapshotFile.open(directory, logInto(log));
      for (const text of ["", "{", "[]", '{"routes":1}', "null"]) {
        await Deno.writeTextFile(`${directory}/routes.json`, text);
        assert.equal(await snapshot.read(), undefined, text);
      }
      assert.deepEqual(eventsOf(log), Array(5).fill("snapshot_unreadable"));
    }),
});

Deno.test({
  name: "snapshot: a failed write is logged, and the next write works again",
  permissions: PERMISSIONS,
  fn: () =>
    withDirectory(async (directory, log) => {
      const snapshot = await SnapshotFile.open(directory, logInto(log));
      await Deno.mkdir(`${directory}/routes.json`);
      await snapshot.write([ROUTE]);
      assert.deepEqual(eventsOf(log), ["snapshot_failed"]);
      await Deno.remove(`${directory}/routes.json`);
      await snapshot.write([ROUTE]);
      assert.deepEqual(await snapshot.read(), [ROUTE]);
    }),
});

Deno.test({
  name: "snapshot: the error names the missing permission for a directory",
  permissions: { read: ["data"] },
  async fn() {
    await assert.rejects(
      SnapshotFile.open("data/x", logInto([])),
      /Cannot use data\/x: .*--allow-write=data\/x$/,
    );
    await assert.rejects(SnapshotFile.open("elsewhere", logInto([])), /--allow-read=elsewhere$/);
  },
});

Deno.test({
  name: "snapshot: a route that is invalid in this version is read with its problem, beside the others",
  permissions: PERMISSIONS,
  fn: () =>
    withDirectory(async (directory, log) => {
      const snapshot = await SnapshotFile.open(directory, logInto(log));
      await snapshot.write([ROUTE, { ...ROUTE, cluster: "b", cdnHost: "no host" }]);
      const problems = (await snapshot.read())!.map(({ problem }) => problem);
      assert.equal(problems[0], undefined);
      assert.match(problems[1]!, /^cdnHost: give a host/);
    }),
});

Deno.test({
  name: "snapshot: symbolic links in place of its files are not followed",
  permissions: { ...PERMISSIONS, run: ["/bin/sh"] },
  fn: () =>
    withDirectory(async (directory, log) => {
      await Deno.writeTextFile(`${directory}/other`, "other");
      for (const name of ["routes.json", "routes.json.new"]) {
        await makeSymlink("other", `${directory}/${name}`);
      }
      const snapshot = await SnapshotFile.open(directory, logInto(log));
      await snapshot.write([ROUTE]);
      assert.deepEqual(await snapshot.read(), [ROUTE]);
      assert.equal(await Deno.readTextFile(`${directory}/other`), "other");
      await makeSymlink("/tmp", `${directory}/link`);
      await assert.rejects(SnapshotFile.open(`${directory}/link/sluice-none`, logInto(log)), {
        message: /^Cannot use .*: a symbolic link leads to \/tmp\/sluice-none/,
      });
    }),
});

Deno.test({
  name: "snapshot: old temporary files of killed processes are removed",
  permissions: PERMISSIONS,
  fn: () =>
    withDirectory(async (directory, log) => {
      const [old, young] = [`${directory}/routes.json.01234567.new`, `${directory}/routes.json.89abcdef.new`];
      for (const path of [old, young]) await Deno.writeTextFile(path, "{");
      await Deno.utime(old, 1, 1);
      await SnapshotFile.open(directory, logInto(log));
      assert.deepEqual(await Array.fromAsync(Deno.readDir(directory), ({ name }) => name), [
        "routes.json.89abcdef.new",
      ]);
    }),
});

Deno.test({
  name: "snapshot: the options of routes are kept, and invalid options are read with their problem",
  permissions: PERMISSIONS,
  fn: () =>
    withDirectory(async (directory, log) => {
      const snapshot = await SnapshotFile.open(directory, logInto(log));
      const routes = [ROUTE, { ...ROUTE, ...FULL, cluster: "b" }];
      await snapshot.write(routes);
      assert.deepEqual(await snapshot.read(), routes);
      await snapshot.write(
        [{ ...ROUTE, cdns: [null] }, { ...ROUTE, status: 200 }] as unknown as typeof routes,
      );
      const problems = (await snapshot.read())!.map(({ problem }) => problem?.split(":")[0]);
      assert.deepEqual(problems, ["cdns/0", "status"]);
      assert.deepEqual(log, []);
    }),
});
