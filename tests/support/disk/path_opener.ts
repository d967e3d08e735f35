/**
 * Says what the path named by its argument is opened by, or why it is not: by the permissions of this process.
 *
 * @module
 */
import { requireWithinGranted } from "../../../src/shared/files/granted_path.ts";

console.log(await requireWithinGranted(Deno.args[0]!).catch((error) => `${error.name}: ${error.message}`));
