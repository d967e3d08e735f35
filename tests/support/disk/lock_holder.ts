/**
 * A process that holds the file named by its argument, as the service holds its checkpoint, and renews it until it is
 * killed: a text is a number, repeated. Now and then it says which it has just put there.
 *
 * @module
 */
import { FileSystem } from "../../../src/aggregator/write/disk.ts";

const disk = new FileSystem();
for (let i = 1;; i++) {
  await disk.replace(Deno.args[0]!, `${i}\n`.repeat(1000 * (1 + i % 10)));
  if (i % 20 === 0) console.log(i);
}
