import { removeUnfinished, replaceText } from "../../shared/files/data_files.ts";
import { requireWithinGranted } from "../../shared/files/granted_path.ts";
import type { Log } from "../../shared/log.ts";
import { routeProblems } from "./route_rules.ts";
import type { Route } from "../choose/routing.ts";

/** Keeps the last routes known, for a start without the database. */
export interface Snapshot {
  /** When routes were last kept, by the monotonic clock in milliseconds; undefined: not since the start. */
  readonly keptMs?: number | undefined;
  /** The routes it holds; undefined when it holds none that can be read. */
  read(): Promise<Route[] | undefined>;
  /** Holds these from now on. Resolves when they are kept, or newer ones are, or can't be: the log then says so. */
  write(routes: readonly Route[]): Promise<void>;
}

/** Another version may have written a route that this one has no use for: that one is passed over. */
function judged(route: Route): Route {
  const { cluster, ...settings } = route;
  const [problem] = routeProblems(cluster, settings);
  return problem ? { ...route, problem: `${problem.field}: ${problem.message}` } : route;
}

/** The line of each route, as long as it is in use: to make 20,000 anew with each change would take 30 ms. */
const LINES = new WeakMap<Route, string>();

function lineOf(route: Route): string {
  const line = LINES.get(route) ?? JSON.stringify(route);
  LINES.set(route, line);
  return line;
}

/** A file, replaced as one step. */
export class SnapshotFile implements Snapshot {
  readonly #path: string;
  readonly #log: Log;
  #next: readonly Route[] | undefined;
  keptMs: number | undefined;
  #writing: Promise<void> | undefined;

  private constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
  }

  /**
   * Makes the directory if it is missing.
   *
   * @throws {Deno.errors.NotCapable} The permission to read or to write there is missing; the message names the flag.
   * @throws {Error} It can't be made.
   */
  static async open(directory: string, log: Log): Promise<SnapshotFile> {
    for (const name of ["read", "write"] as const) {
      if (Deno.permissions.querySync({ name, path: directory }).state === "granted") continue;
      throw new Deno.errors.NotCapable(
        `Cannot use ${directory}: ${name} permission is missing; run with --allow-${name}=${directory}`,
      );
    }
    try {
      await requireWithinGranted(directory);
      await Deno.mkdir(directory, { recursive: true });
    } catch (error) {
      throw new Error(`Cannot use ${directory}: ${error instanceof Error ? error.message : error}`, {
        cause: error,
      });
    }
    const path = `${directory}/routes.json`;
    await removeUnfinished(path);
    return new SnapshotFile(path, log);
  }

  async read(): Promise<Route[] | undefined> {
    try {
      const { routes } = JSON.parse(await Deno.readTextFile(this.#path));
      if (!Array.isArray(routes)) throw new SyntaxError("it holds no routes");
      return routes.map(judged);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      const message =
        `can't read the last known routes from ${this.#path}; it is written anew with the next ones`;
      this.#log.warn("snapshot_unreadable", message, { error });
    }
  }

  write(routes: readonly Route[]): Promise<void> {
    this.#next = routes;
    return this.#writing ??= this.#writeNewest();
  }

  async #writeNewest(): Promise<void> {
    while (this.#next !== undefined) {
      const routes = this.#next;
      this.#next = undefined;
      try {
        await replaceText(this.#path, `{"routes":[\n${routes.map(lineOf).join(",\n")}\n]}\n`);
        this.keptMs = performance.now();
      } catch (error) {
        const message =
          `can't write the last known routes to ${this.#path}; a start without the database would not ` +
          "know them";
        this.#log.error("snapshot_failed", message, { error });
      }
    }
    this.#writing = undefined;
  }
}
