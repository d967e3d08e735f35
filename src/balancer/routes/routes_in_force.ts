import type { Log } from "../../shared/log.ts";
import type { Route } from "../choose/routing.ts";

/** The most lines that one reading of the routes adds to the log. */
const LINES_MAX = 10;

/**
 * The routes that requests are answered from. One that breaks a rule is passed over: its cluster keeps the last good
 * route that there was, if any, and the others go their way.
 */
export class RoutesInForce {
  readonly #log: Log;
  #last: ReadonlyMap<string, Route> = new Map();
  /** The problem of each cluster that was last told. */
  #told: ReadonlyMap<string, string> = new Map();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Routes that break a rule, at the last look. */
  get refused(): number {
    return this.#told.size;
  }

  /** What is in force of all that is stored; the log tells of each route that is not, once for each problem. */
  take(stored: readonly Route[]): readonly Route[] {
    const used = new Map<string, Route>();
    const problems = new Map<string, string>();
    for (const route of stored) {
      if (route.problem !== undefined) problems.set(route.cluster, route.problem);
      const good = route.problem === undefined ? route : this.#last.get(route.cluster);
      if (good !== undefined) used.set(route.cluster, good);
    }
    this.#last = used;
    this.#tell(problems);
    return [...used.values()];
  }

  #tell(problems: ReadonlyMap<string, string>): void {
    const news = [...problems].filter(([cluster, problem]) => this.#told.get(cluster) !== problem);
    this.#told = problems;
    for (const [cluster, problem] of news.slice(0, LINES_MAX)) {
      const then = this.#last.has(cluster) ? "the last good one stays in force" : "its videos get 404";
      this.#log.error(
        "route_refused",
        `a route in the database breaks a rule; ${then}: mend it or DELETE it`,
        {
          cluster,
          problem,
        },
      );
    }
    if (news.length > LINES_MAX) {
      this.#log.error(
        "route_refused",
        "more routes in the database break a rule; GET /api/v1/routes shows them",
        {
          more: news.length - LINES_MAX,
        },
      );
    }
  }
}
