/**
 * The manuals of the project, as tests read them.
 *
 * @module
 */

/** Every page that shows commands: the first page of the project, and one beside each part of it. */
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

/** The text of a manual. Read when this module is loaded, so that tests of manuals need no permission. */
export const manual = (path: Manual): string => TEXTS.get(path)!;

/** Defines a test of a manual. */
export function manualTest(
  path: Manual,
  name: string,
  fn: () => void | Promise<void>,
  permissions: Deno.PermissionOptions = "none",
): void {
  Deno.test({ name: `${path}: ${name}`, permissions, fn });
}
