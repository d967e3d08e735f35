/**
 * The project as the rules of the house see it: the text of every file, and what each imports.
 *
 * @module
 */
import { type Import, importsOf, resolve } from "./imports.ts";

/** Paths from the root of the project, and the text of each file. */
export type Tree = ReadonlyMap<string, string>;

/** What is wrong, one line a finding: where, what, and what to do about it. */
export type Check = (tree: Tree) => string[];

export type FileImport = Import & { file: string; target: string };

const isCode = (path: string): boolean => /^(src|tests)\/.*\.ts$/.test(path);

const importCache = new WeakMap<Tree, Map<string, FileImport[]>>();

/** The imports of every code file of `tree`, each with the path it leads to. */
export function importsOfTree(tree: Tree): Map<string, FileImport[]> {
  let imports = importCache.get(tree);
  if (imports === undefined) {
    imports = new Map(
      [...tree].filter(([file]) => isCode(file)).map(([file, text]) => [
        file,
        importsOf(text).map((found) => ({
          ...found,
          file,
          target: resolve(file, found.specifier ?? ""),
        })),
      ]),
    );
    importCache.set(tree, imports);
  }
  return imports;
}

/**
 * Everything that runs when `file` is loaded, itself included. `import type` is not followed: it is gone before
 * anything runs, so what lies behind it cannot do harm; nor is a URL: a worker is a program of its own.
 */
export function loadedBy(
  tree: Tree,
  file: string,
  loaded = new Set<string>(),
): Set<string> {
  if (loaded.has(file)) return loaded;
  loaded.add(file);
  for (
    const { target, typeOnly, kind } of importsOfTree(tree).get(file) ?? []
  ) {
    if (!typeOnly && kind !== "url") loadedBy(tree, target, loaded);
  }
  return loaded;
}
