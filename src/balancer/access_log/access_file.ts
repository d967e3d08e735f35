import { openForAppending } from "../../shared/files/append_file.ts";
import type { AccessFile } from "./access_log.ts";

/** How `--access-log` names stdout. */
const STANDARD_OUTPUT = "-";

/**
 * Opens what `--access-log` names: a file for appending, which is made if it is missing, or stdout.
 *
 * @throws {Error} It can't be opened; the message names it, and what to do where a permission is missing.
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
