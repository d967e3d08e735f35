import { removeUnfinished, replaceText } from "../../shared/files/data_files.ts";
import { requireWithinGranted } from "../../shared/files/granted_path.ts";
import type { Log } from "../../shared/log.ts";
import { routeProblems } from "./route_rules.ts";
import type { Route } from "../choose/routing.ts";
import { messageOf } from "../../shared/error_message.ts";

/** Keeps the last known routes, for a start while the database is down. */
export interface Snapshot {
  /**
   * When routes were last written, in milliseconds of the monotonic clock; undefined: not since the start.
   */
  readonly keptMs?: number | undefined;
  /** Reads the routes; undefined: there is no snapshot, or it can't be read. */
  read(): Promise<Route[] | undefined>;
  /**
   * Replaces the routes. Resolves once these or newer ones are written, or once that has failed and is
   * logged.
   */
  write(routes: readonly Route[]): Promise<void>;
}

/** Marks a route as invalid if it breaks a rule: another version of the service may have written it. */
function judged(route: Route): Route {
  const { cluster, ...settings } = route;
  const [problem] = routeProblems(cluster, settings);
  return problem ? { ...route, problem: `${problem.field}: ${problem.message}` } : route;
}

/** A cache of each route's line in the file. Measured once: to encode 20,000 routes anew takes 30 ms. */
const LINES = new WeakMap<Route, string>();

function lineOf(route: Route): string {
  const line = LINES.get(route) ?? JSON.stringify(route);
  LINES.set(route, line);
  return line;
}

/** A snapshot in a file, which is replaced atomically. */
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
   * Opens the snapshot in a directory, which is created if it does not exist.
   *
   * @throws {Deno.errors.NotCapable} A permission to read or write the directory is missing. The message
   * names the flag.
   * @throws {Error} The directory can't be created.
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
      throw new Error(`Cannot use ${directory}: ${messageOf(error)}`, {
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
      if (!Array.isArray(routes)) throw new SyntaxError("it holds no list of routes");
      return routes.map(judged);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      const message =
        `can't read the last known routes from ${this.#path}; the next change of routes replaces the file`;
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
