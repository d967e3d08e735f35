/**
 * A process that holds the file named by its argument, as the service holds its checkpoint; says so, and lives on
 * until it is killed.
 *
 * @module
 */
import { FileSystem } from "../../src/aggregator/disk.ts";

await new FileSystem().replace(Deno.args[0]!, "held\n");
console.log("held");
setInterval(() => {}, 60_000);
