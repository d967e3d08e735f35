/**
 * The rule against import circles: files that import each other can only be read, tested and moved together.
 *
 * @module
 */
import { type Check, importsOfTree } from "./tree.ts";

/**
 * No file imports itself through other files. Type imports count too: their files still depend on each other.
 */
export const noCircles: Check = (tree) => {
  const imports = importsOfTree(tree);
  const next = (file: string): string[] =>
    (imports.get(file) ?? []).filter(({ kind }) => kind !== "url").map((
      { target },
    ) => target)
      .filter((target) => imports.has(target));
  const findings: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    const start = path.indexOf(file);
    if (start >= 0) {
      const circle = [...path.slice(start), file].join(" -> ");
      findings.push(
        `${circle} is an import circle; move the shared code to a file that imports none of them`,
      );
    }
    if (start >= 0 || done.has(file)) return;
    for (const target of next(file)) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of imports.keys()) visit(file, []);
  return findings;
};
