/**
 * A process that opens the store and changes a route until it is killed. The store is on DATABASE_URL, or
 * else in the directory that is the first argument. The process prints "open", then the number of each
 * acknowledged version.
 *
 * @module
 */
import { openStore } from "../../../src/balancer/store/open_store.ts";
import { createLog } from "../../../src/shared/log.ts";
import { readVariable } from "../processes/processes.ts";

const log = createLog({ level: "error", format: "text", write: console.error, now: () => new Date() });

function print(line: string | number): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

try {
  const store = await openStore({
    databaseUrl: readVariable("DATABASE_URL"),
    dataDirectory: Deno.args[0]!,
    log,
  });
  print("open");
  for (;;) {
    const { after } = await store.change("origin-cluster", "writer", (current) => ({
      cdnHost: "cdn.example.net",
      cdnWeight: (current?.cdnWeight ?? 0) + 1,
      originWeight: 1,
      originPort: null,
    }));
    print(after!.version);
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  Deno.exit(1);
}
