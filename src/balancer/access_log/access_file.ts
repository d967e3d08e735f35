import { openForAppending } from "../../shared/files/append_file.ts";
import type { AccessFile } from "./access_log.ts";

/** The value of `--access-log` that means stdout. */
const STANDARD_OUTPUT = "-";

/**
 * Opens the target of `--access-log`: stdout, or a file for appending, which is created if it does not exist.
 *
 * @throws {Error} The file can't be opened. The message names the file and, if a permission is missing, the
 * flags that grant it.
 */
export async function openAccessFile(path: string, stdout: Writer = Deno.stdout): Promise<AccessFile> {
  if (path === STANDARD_OUTPUT) return { write: (lines) => writeAll(stdout, lines), close() {} };
  try {
    const file = await openForAppending(path);
    return { write: (lines) => writeAll(file, lines), close: () => file.close() };
  } catch (error) {
    const remedy = error instanceof Deno.errors.NotCapable
      ? `permission is missing, run again with --allow-read=${path} --allow-write=${path}`
      : error instanceof Error
      ? error.message
      : error;
    throw new Error(`Cannot write the access log to ${path}: ${remedy}`, { cause: error });
  }
}

interface Writer {
  write(bytes: Uint8Array): Promise<number>;
}

async function writeAll(to: Writer, lines: string): Promise<void> {
  const bytes = new TextEncoder().encode(lines);
  for (let at = 0; at < bytes.length;) at += await to.write(bytes.subarray(at));
}
