/**
 * The rules for packages. Each part of the project that needs packages has its own deno.json and lock file.
 * So starting the aggregator, which needs no packages, downloads none.
 *
 * @module
 */
import type { Check, Tree } from "./tree.ts";

export interface Configuration {
  readonly path: string;
  /** The folder of the file, with a slash at its end; empty for the root of the project. */
  readonly folder: string;
  readonly imports?: Readonly<Record<string, string>>;
  readonly unstable?: readonly string[];
  readonly compilerOptions?: unknown;
  readonly fmt?: unknown;
  readonly lock?: false | { readonly path: string; readonly frozen: boolean };
}

/** This file is not checked: only a browser loads its libraries, and no code of the project imports them. */
const PLAYERS = "tests/players/deno.json";

/** Returns every deno.json, the one in the root folder first. */
export function configurations(tree: Tree): Configuration[] {
  return [...tree.keys()].filter((path) => /(^|\/)deno\.json$/.test(path) && path !== PLAYERS).sort()
    .map((path) => ({
      ...JSON.parse(tree.get(path)!),
      path,
      folder: path.replace(/deno\.json$/, ""),
    }));
}

/** Returns the deno.json that Deno uses for `file`: the one in the nearest folder above it. */
export function configurationOf(
  tree: Tree,
  file: string,
): Configuration | undefined {
  return configurations(tree).filter(({ folder }) => file.startsWith(folder))
    .sort((a, b) => b.folder.length - a.folder.length)[0];
}

/** Whether the `imports` of a configuration contain `specifier`. */
export function isPinned(
  configuration: Configuration | undefined,
  specifier: string,
): boolean {
  return Object.keys(configuration?.imports ?? {})
    .some((name) => specifier === name || (name.endsWith("/") && specifier.startsWith(name)));
}

/**
 * The balancer also loads src/shared/database, so its own deno.json must pin the packages of that folder too.
 */
export const pinnedForBalancer: Check = (tree) => {
  const balancer = configurations(tree).find(({ folder }) => folder === "src/balancer/");
  const database = configurations(tree).find(({ folder }) => folder === "src/shared/database/");
  return Object.keys(database?.imports ?? {}).filter((name) => balancer && !isPinned(balancer, name))
    .map((name) =>
      `src/balancer/deno.json lacks "${name}", which src/shared/database imports; pin it there too`
    );
};

/**
 * Every package is pinned to one exact version. tests/deno.json lists all packages with the same versions.
 */
export const pinnedPackages: Check = (tree) => {
  const all = configurations(tree);
  const ofTests = all.find(({ folder }) => folder === "tests/")?.imports;
  return all.flatMap(({ path, imports = {} }) =>
    Object.entries(imports).flatMap(([name, target]) => {
      if (
        !/^npm:\/?(@[\w.-]+\/)?[\w.-]+@\d+\.\d+\.\d+(-[\w.]+)?\/?$/.test(target)
      ) {
        return [
          `${path}: "${name}" is ${target}, not an exact version; write npm:NAME@1.2.3`,
        ];
      }
      return !ofTests || ofTests[name] === target ? [] : [
        `${path}: "${name}" is ${target}, but ${
          ofTests[name]
        } in tests/deno.json; use the same version in both`,
      ];
    })
  );
};

/** The root deno.json names no packages: `deno task` would install them for every task, needed or not. */
export const packageFreeStart: Check = (tree) => {
  const [root] = configurations(tree);
  if (root?.path !== "deno.json") return [];
  return [
    ...Object.keys(root.imports ?? {}).map((name) =>
      `deno.json names the package "${name}"; move it to the deno.json of the part that imports it`
    ),
    ...root.lock === false ? [] : [
      'deno.json has a lock file, whose packages every task would install; set "lock": false',
    ],
  ];
};

/**
 * Every deno.json has the same options, so a file is checked and run the same way whichever of them Deno
 * uses.
 */
export const sameOptions: Check = (tree) => {
  const [root, ...others] = configurations(tree);
  const optionsOf = (configuration?: Configuration) =>
    JSON.stringify([configuration?.unstable, configuration?.compilerOptions, configuration?.fmt]);
  return others.filter((other) => optionsOf(other) !== optionsOf(root))
    .map(({ path }) =>
      `${path} differs from deno.json in "unstable", "compilerOptions" or "fmt"; copy these options from deno.json`
    );
};

/** Every lock file is frozen, and names only package versions that the root deno.lock names too. */
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
        .map((each) => `${path} has ${each}, which is not in deno.lock; recreate it from a copy of deno.lock`)
    ),
  ];
};
