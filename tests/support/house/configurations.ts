/**
 * The rules of the house for packages. Each part of the project that needs packages has a deno.json and a lock file
 * of its own, so that starting the aggregator, which needs none, downloads none.
 *
 * @module
 */
import type { Check, Tree } from "./tree.ts";

export interface Configuration {
  readonly path: string;
  /** The folder it is for, with a slash at its end; empty for the whole project. */
  readonly folder: string;
  readonly imports?: Readonly<Record<string, string>>;
  readonly unstable?: readonly string[];
  readonly compilerOptions?: unknown;
  readonly fmt?: unknown;
  readonly lock?: false | { readonly path: string; readonly frozen: boolean };
}

/** The players' libraries are data for a browser, and no code of ours imports them. */
const APART = "tests/players/deno.json";

/** Every deno.json, that of the whole project first. */
export function configurations(tree: Tree): Configuration[] {
  return [...tree.keys()].filter((path) => /(^|\/)deno\.json$/.test(path) && path !== APART).sort()
    .map((path) => ({
      ...JSON.parse(tree.get(path)!),
      path,
      folder: path.replace(/deno\.json$/, ""),
    }));
}

/** The nearest deno.json above `file`, which Deno takes for it. */
export function configurationOf(
  tree: Tree,
  file: string,
): Configuration | undefined {
  return configurations(tree).filter(({ folder }) => file.startsWith(folder))
    .sort((a, b) => b.folder.length - a.folder.length)[0];
}

/** Whether a configuration pins what `specifier` imports. */
export function isPinned(
  configuration: Configuration | undefined,
  specifier: string,
): boolean {
  return Object.keys(configuration?.imports ?? {})
    .some((name) => specifier === name || (name.endsWith("/") && specifier.startsWith(name)));
}

/** The balancer loads the rooms of others, too: what those import has to be pinned in its own deno.json. */
export const pinnedForBalancer: Check = (tree) => {
  const balancer = configurations(tree).find(({ folder }) => folder === "src/balancer/");
  const database = configurations(tree).find(({ folder }) => folder === "src/shared/database/");
  return Object.keys(database?.imports ?? {}).filter((name) => balancer && !isPinned(balancer, name))
    .map((name) =>
      `src/balancer/deno.json lacks "${name}", which src/shared/database imports; pin it there, too`
    );
};

/** Packages are pinned to one exact version, which is the same everywhere; the tests can load all of them. */
export const pinnedPackages: Check = (tree) => {
  const all = configurations(tree);
  const ofTests = all.find(({ folder }) => folder === "tests/")?.imports;
  return all.flatMap(({ path, imports = {} }) =>
    Object.entries(imports).flatMap(([name, target]) => {
      if (
        !/^npm:\/?(@[\w.-]+\/)?[\w.-]+@\d+\.\d+\.\d+(-[\w.]+)?\/?$/.test(target)
      ) {
        return [
          `${path}: "${name}" is ${target}; pin it to one version, npm:NAME@1.2.3`,
        ];
      }
      return !ofTests || ofTests[name] === target ? [] : [
        `${path}: "${name}" is ${target}, but ${ofTests[name]} in tests/deno.json; make them the same`,
      ];
    })
  );
};

/** `deno task` installs what the deno.json of the whole project names, whatever the task needs: so it names nothing. */
export const packageFreeStart: Check = (tree) => {
  const [root] = configurations(tree);
  if (root?.path !== "deno.json") return [];
  return [
    ...Object.keys(root.imports ?? {}).map((name) =>
      `deno.json names the package "${name}"; name it in the deno.json of the part that imports it`
    ),
    ...root.lock === false ? [] : [
      "deno.json has a lock file, whose packages every task would install; set it to false",
    ],
  ];
};

/** A source is checked and run with the same options, whichever deno.json Deno finds for it. */
export const sameOptions: Check = (tree) => {
  const [root, ...others] = configurations(tree);
  const optionsOf = (one?: Configuration) => JSON.stringify([one?.unstable, one?.compilerOptions, one?.fmt]);
  return others.filter((other) => optionsOf(other) !== optionsOf(root))
    .map(({ path }) =>
      `${path} differs from deno.json in "unstable", "compilerOptions" or "fmt"; copy them from there`
    );
};

/** Every lock file is frozen, and a package that several of them name has one version in all. */
export const sameVersions: Check = (tree) => {
  const locks = [...tree].filter(([path]) =>
    /(^|\/)deno\.lock$/.test(path) && !path.startsWith("tests/players/")
  );
  const versions = new Set(
    Object.keys(JSON.parse(tree.get("deno.lock") ?? "{}").npm ?? {}),
  );
  return [
    ...configurations(tree).filter(({ lock }) => lock && !lock.frozen)
      .map(({ path }) => `${path} has a lock file that is not frozen; set "frozen": true`),
    ...locks.flatMap(([path, text]) =>
      Object.keys(JSON.parse(text).npm ?? {}).filter((each) => !versions.has(each))
        .map((each) => `${path} has ${each}, which deno.lock has not; make it anew from a copy of deno.lock`)
    ),
  ];
};
