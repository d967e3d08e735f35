type FileMethod = "write" | "syncData" | "stat";

/** Replaces a method of open files until disposed. `instead` first gets the original, bound to a file. */
export function patchFiles<Name extends FileMethod>(
  name: Name,
  instead: (
    before: Deno.FsFile[Name],
    ...args: Parameters<Deno.FsFile[Name]>
  ) => ReturnType<Deno.FsFile[Name]>,
): Disposable {
  const { prototype } = Deno.FsFile;
  const original = prototype[name];
  // deno-lint-ignore no-explicit-any
  (prototype as any)[name] = function (this: Deno.FsFile, ...args: any) {
    // deno-lint-ignore no-explicit-any
    return (instead as any)(original.bind(this), ...args);
  };
  return { [Symbol.dispose]: () => void (prototype[name] = original) };
}
