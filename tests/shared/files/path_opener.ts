/**
 * Prints the path to open for its argument, or the error, with the permissions of this process.
 *
 * @module
 */
import { requireWithinGranted } from "../../../src/shared/files/granted_path.ts";

console.log(await requireWithinGranted(Deno.args[0]!).catch((error) => `${error.name}: ${error.message}`));
