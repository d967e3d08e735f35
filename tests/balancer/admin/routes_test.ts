import { testAdminApi } from "./admin_suite.ts";
import { useBackends } from "../../support/database/database.ts";
import { MemoryStore } from "../../support/database/memory_store.ts";

testAdminApi({
  name: "memory",
  permissions: "none",
  fresh: () =>
    Promise.resolve({ instance: () => Promise.resolve(new MemoryStore()), async [Symbol.asyncDispose]() {} }),
});
for (const backend of useBackends()) testAdminApi(backend);
