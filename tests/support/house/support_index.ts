/**
 * The rule for the index of the test helpers. Without the index, helpers would be written twice.
 *
 * @module
 */
import type { Check } from "./tree.ts";

const DIRECTORY = "tests/support/";
const INDEX = `${DIRECTORY}README.md`;

/** The index lists every file in tests/support exactly once, and no other file. */
export const supportIndex: Check = (tree) => {
  const links = (tree.get(INDEX) ?? "").matchAll(/\]\(([^):#]+)\)/g);
  const listed = Array.from(links, ([, path]) => DIRECTORY + path);
  const files = [...tree.keys()].filter((file) => file.startsWith(DIRECTORY) && file !== INDEX);
  return [
    ...files.filter((file) => !listed.includes(file))
      .map((file) =>
        `${file} is not listed in ${INDEX}; add it with what it stands in for and when to use it`
      ),
    ...listed.filter((path) => !tree.has(path))
      .map((path) => `${INDEX} lists ${path}, which does not exist; remove its line or correct the path`),
    ...listed.filter((path, at) => tree.has(path) && listed.indexOf(path) < at)
      .map((path) => `${INDEX} lists ${path} twice; keep one line`),
  ];
};
