/**
 * A program that locks the file named by its argument, as the service locks its checkpoint, and renews it
 * until it is killed. Each text is one number, repeated. The program prints every twentieth number once its
 * text is in the file.
 *
 * @module
 */
import { FileSystem } from "../../../src/aggregator/write/disk.ts";

const disk = new FileSystem();
for (let i = 1;; i++) {
  await disk.replace(Deno.args[0]!, `${i}\n`.repeat(1000 * (1 + i % 10)));
  if (i % 20 === 0) console.log(i);
}
