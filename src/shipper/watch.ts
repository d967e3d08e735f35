import { basename } from "node:path";
import { messageOf } from "../shared/error_message.ts";

/** A watch on a directory, until it is disposed. */
export interface DirectoryWatch extends Disposable {
  /** Resolves with the reason if watching fails; not when the watch is disposed. */
  readonly failed: Promise<string>;
}

/**
 * Calls `changed` whenever a file whose name `concerns` accepts has changed in a directory, but not in the
 * directories below it. Reading a file does not count as a change: a caller that reads the files would be
 * called for ever.
 */
export function watchDirectory(
  path: string,
  concerns: (name: string) => boolean,
  changed: () => void,
): DirectoryWatch {
  const failed = Promise.withResolvers<string>();
  let watcher: Deno.FsWatcher | undefined;
  let isClosed = false;
  const watch = async () => {
    try {
      watcher = Deno.watchFs(path, { recursive: false });
      for await (const { kind, paths } of watcher) {
        if (kind !== "access" && paths.some((path) => concerns(basename(path)))) changed();
      }
      if (!isClosed) failed.resolve("the directory is no longer watched");
    } catch (error) {
      if (!isClosed) failed.resolve(messageOf(error));
    }
  };
  watch();
  return {
    failed: failed.promise,
    [Symbol.dispose]() {
      isClosed = true;
      watcher?.close();
    },
  };
}
