/**
 * The project as the rules see it: the text and the imports of every file.
 *
 * @module
 */
import { type Import, importsOf, resolve } from "./imports.ts";

/** The text of every file, by its path from the root folder. */
export type Tree = ReadonlyMap<string, string>;

/** Checks a rule. Returns a line for each finding: the place, what is wrong, and what to do. */
export type Check = (tree: Tree) => string[];

/** An import with the file that contains it, and the path or bare specifier that it leads to. */
export type FileImport = Import & { file: string; target: string };

const isCode = (path: string): boolean => /^(src|tests)\/.*\.ts$/.test(path);

const importCache = new WeakMap<Tree, Map<string, FileImport[]>>();

/** Returns the imports of every code file of `tree`. The result is cached per tree. */
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
 * Returns all files and packages that are loaded with `file`, including `file`. Type imports don't count: the
 * compiler removes them. URLs don't count either: a worker is a program of its own.
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
