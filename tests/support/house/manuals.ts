/**
 * The texts of the project's manuals, for tests.
 *
 * @module
 */

/** Every page that shows commands: README.md, and the manual of each part of the project. */
export const MANUALS = [
  "README.md",
  "src/README.md",
  "src/aggregator/README.md",
  "src/balancer/README.md",
  "src/fleet/README.md",
  "src/prober/README.md",
  "src/sender/README.md",
  "src/shipper/README.md",
  "tests/README.md",
] as const;

export type Manual = (typeof MANUALS)[number];

const TEXTS = new Map(
  await Promise.all(
    MANUALS.map(async (path) => [path, await Deno.readTextFile(path)] as const),
  ),
);

/**
 * Returns the text of a manual. All texts are read while this module loads, so tests need no permission to
 * read.
 */
export const manual = (path: Manual): string => TEXTS.get(path)!;

/** Defines a test of a manual. Its name begins with the manual's path. */
export function manualTest(
  path: Manual,
  name: string,
  fn: () => void | Promise<void>,
  permissions: Deno.PermissionOptions = "none",
): void {
  Deno.test({ name: `${path}: ${name}`, permissions, fn });
}
