type FileMethod = "write" | "syncData" | "stat";

/** While it lives, open files do this instead; `this` is the file, and the first argument does what it did before. */
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
