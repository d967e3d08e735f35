import assert from "node:assert/strict";
import { openStore } from "../../../src/balancer/store/open_store.ts";
import {
  embeddedDirectory,
  silentLog as log,
  useEmbedded,
  useServer,
} from "../../support/database/database.ts";

const settings = { cdnHost: "cdn.example.net", cdnWeight: 9, originWeight: 1, originPort: null };

const server = useServer();
const embedded = useEmbedded();
let directory: string;
Deno.test.beforeAll(async () => {
  directory = await embeddedDirectory();
});
Deno.test.afterAll(() => Deno.remove(directory, { recursive: true }));

for (const backend of [server, embedded]) {
  Deno.test({
    name: `store: on ${backend.name} its content survives a restart`,
    permissions: backend.permissions,
    async fn() {
      await using database = await backend.fresh();
      const { databaseUrl } = database;
      const options = { ...(databaseUrl && { databaseUrl }), dataDirectory: directory, log };
      const store = await openStore(options);
      const { after } = await store.change("origin-cluster", "alice", () => settings);
      await store.close();
      const again = await openStore(options);
      assert.deepEqual(await again.routes(), [after]);
      await again.close();
    },
  });
}
