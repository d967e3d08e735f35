import type { Log } from "../../shared/log.ts";
import type { Route } from "../choose/routing.ts";

/** The most lines that one read of the routes adds to the log. */
const LINES_MAX = 10;

/**
 * Selects the routes that are in force from those in the store. An invalid route is skipped: its cluster
 * keeps its last valid route, if there was one. Other clusters are not affected.
 */
export class RoutesInForce {
  readonly #log: Log;
  #last: ReadonlyMap<string, Route> = new Map();
  /** The logged problem of each cluster whose stored route is invalid. */
  #logged: ReadonlyMap<string, string> = new Map();

  constructor(log: Log) {
    this.#log = log;
  }

  /** The number of invalid routes at the last read. */
  get refused(): number {
    return this.#logged.size;
  }

  /** Returns the routes in force, and logs each invalid route once per problem. */
  take(stored: readonly Route[]): readonly Route[] {
    const used = new Map<string, Route>();
    const problems = new Map<string, string>();
    for (const route of stored) {
      if (route.problem !== undefined) problems.set(route.cluster, route.problem);
      const good = route.problem === undefined ? route : this.#last.get(route.cluster);
      if (good !== undefined) used.set(route.cluster, good);
    }
    this.#last = used;
    this.#logProblems(problems);
    return [...used.values()];
  }

  #logProblems(problems: ReadonlyMap<string, string>): void {
    const newProblems = [...problems].filter(([cluster, problem]) => this.#logged.get(cluster) !== problem);
    this.#logged = problems;
    for (const [cluster, problem] of newProblems.slice(0, LINES_MAX)) {
      const consequence = this.#last.has(cluster)
        ? "its last valid version stays in force"
        : "its videos get 404";
      this.#log.error(
        "route_refused",
        `a route in the database is invalid; ${consequence}: fix or DELETE the route`,
        {
          cluster,
          problem,
        },
      );
    }
    if (newProblems.length > LINES_MAX) {
      this.#log.error(
        "route_refused",
        "more routes in the database are invalid; GET /api/v1/routes shows them",
        {
          more: newProblems.length - LINES_MAX,
        },
      );
    }
  }
}
