import { basename } from "node:path";

/** Calls back when something in a directory has changed. */
export interface DirectoryWatch extends Disposable {
  /** Resolves with the reason when nothing will be announced any more; not when it is closed. */
  readonly failed: Promise<string>;
}

/**
 * Watches some files of a directory, not what lies in those below it. Reading is no change: who reads when called would be called for
 * ever.
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
      if (!isClosed) failed.resolve(error instanceof Error ? error.message : String(error));
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
