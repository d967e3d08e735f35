import assert from "node:assert/strict";
import { watchDirectory } from "../../src/shipper/watch.ts";
import { withDirectory } from "../support/disk/temporary_directory.ts";

const permissions = { read: ["data"], write: ["data"] };

Deno.test({
  name: "watch: writes are reported, reads and other files are not",
  permissions,
  fn: () =>
    withDirectory(async (directory) => {
      let [changes, changed] = [0, Promise.withResolvers<void>()];
      using _watch = watchDirectory(directory, (name) => name !== "other", () => {
        changes++;
        changed.resolve();
      });
      await Deno.writeTextFile(`${directory}/a`, "a");
      await changed.promise;
      await Deno.readTextFile(`${directory}/a`);
      await Deno.writeTextFile(`${directory}/other`, "a");
      changed = Promise.withResolvers();
      const before = changes;
      await Deno.writeTextFile(`${directory}/b`, "b");
      await changed.promise;
      assert.ok(changes > before);
    }),
});

Deno.test({
  name: "watch: the reason is reported when a directory can't be watched",
  permissions,
  async fn() {
    using watch = watchDirectory("data/there/is/none", () => true, () => {});
    assert.match(await watch.failed, /./);
  },
});
