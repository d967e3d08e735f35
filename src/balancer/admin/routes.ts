import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { Log } from "../../shared/log.ts";
import type { Route, RouteSettings } from "../choose/routing.ts";
import { routeProblems } from "../routes/route_rules.ts";
import { clusterProblem } from "../routes/route_settings.ts";
import type { Store } from "../store/store.ts";
import type { Caller } from "./authentication.ts";
import { type ChangeCounts, type ChangeRequest, Changes, pathOf, unknownRoute } from "./changes.ts";
import { type Conditions, etag, notModified } from "./conditions.ts";
import { patched } from "./merge_patch.ts";
import * as operations from "./operations.ts";
import { Problem } from "./problems.ts";
import { invalid } from "./requests.ts";
import { clusterSchema, fromJson, routeJson, versionJson } from "./schemas.ts";

/** Adds the calls that read and change routes. */
export function addRoutes(app: OpenAPIHono<Caller>, store: Store, log: Log, counts: ChangeCounts): void {
  const changes = new Changes(store, log, counts);
  app.openapi(operations.listRoutes, async (c) => c.json((await store.routes()).map(routeJson), 200));

  app.openapi(operations.getRoute, async (c) => {
    const { cluster } = c.req.valid("param");
    const route = await store.route(cluster);
    if (route === undefined) throw unknownRoute(cluster);
    describeRoute(c, route);
    return notModified(c.req.valid("header"), etag(route))
      ? c.body(null, 304)
      : c.json(routeJson(route), 200);
  });

  app.openapi(operations.putRoute, async (c) => {
    const settings = fromJson(c.req.valid("json"));
    const { made, route } = await changes.put(
      requestOf(c, c.req.valid("param"), c.req.valid("header")),
      settings,
    );
    describeRoute(c, route, made);
    return made ? c.json(routeJson(route), 201) : c.json(routeJson(route), 200);
  });

  app.openapi(operations.patchRoute, async (c) => {
    const patch = c.req.valid("json");
    const request = requestOf(c, c.req.valid("param"), c.req.valid("header"));
    const route = await changes.patch(request, (current) => patched(current, patch));
    describeRoute(c, route);
    return c.json(routeJson(route), 200);
  });

  app.openapi(operations.deleteRoute, async (c) => {
    const cluster = await storedName(store, c.req.valid("param").cluster);
    await changes.remove(requestOf(c, { cluster }, c.req.valid("header")));
    return c.body(null, 204);
  });

  app.openapi(operations.listHistory, async (c) => {
    const { cluster } = c.req.valid("param");
    const { limit, before } = c.req.valid("query");
    // One version more than the page holds shows whether there is a next page.
    const versions = await store.history(cluster, { limit: limit + 1, ...before && { before } });
    if (versions.length === 0 && (await store.history(cluster, { limit: 1 })).length === 0) {
      throw unknownRoute(cluster);
    }
    const page = versions.slice(0, limit);
    if (versions.length > limit) {
      c.header(
        "Link",
        `<${pathOf(cluster)}/history?limit=${limit}&before=${page.at(-1)!.version}>; rel="next"`,
      );
    }
    return c.json(page.map(versionJson), 200);
  });

  app.openapi(operations.restoreRoute, async (c) => {
    const request = requestOf(c, c.req.valid("param"), c.req.valid("header"));
    const settings = await settingsOf(store, request.cluster, c.req.valid("json").version);
    const { made, route } = await changes.put(request, settings);
    describeRoute(c, route, made);
    return made ? c.json(routeJson(route), 201) : c.json(routeJson(route), 200);
  });
}

function requestOf(
  c: Context<Caller>,
  { cluster }: { cluster: string },
  conditions: Conditions,
): ChangeRequest {
  return { cluster, by: c.get("caller"), conditions };
}

/**
 * Returns the name under which the store has a cluster. This is the name in lower case, unless a route was
 * written directly to the database under a name that breaks the rules.
 *
 * @throws {Problem} The name breaks the rules, and no route has it.
 */
async function storedName(store: Store, given: string): Promise<string> {
  const name = given.toLowerCase();
  if (name === given && clusterProblem(name) === undefined) return name;
  if (!given.includes("\0") && await store.route(given) !== undefined) return given;
  const { error } = clusterSchema.safeParse({ cluster: given });
  if (error) throw invalid(error, "param");
  return name;
}

/** Sets the headers of an answer that contains a route. */
function describeRoute(c: Context<Caller>, route: Route, made = false): void {
  c.header("ETag", etag(route));
  if (made) c.header("Location", pathOf(route.cluster));
}

/**
 * Returns the settings that a version set. They may be read before the transaction of a change, because
 * history never changes.
 *
 * @throws {Problem} There is no such version, it removed the route, or its settings break a rule.
 */
async function settingsOf(store: Store, cluster: string, version: number): Promise<RouteSettings> {
  const [found] = await store.history(cluster, { before: version + 1, limit: 1 });
  if (found?.version !== version) {
    const [newest] = await store.history(cluster, { limit: 1 });
    if (newest === undefined) throw unknownRoute(cluster);
    throw new Problem("unknown-version", `the newest version of ${cluster} is ${newest.version}`, {
      errors: [{ pointer: "/version", detail: "there is no such version" }],
    });
  }
  const [broken] = found.after === null ? [] : routeProblems(cluster, found.after);
  if (broken !== undefined) {
    const detail = `the settings of version ${version} break a rule: ${broken.message}`;
    throw new Problem("invalid-body", detail, { errors: [{ pointer: "/version", detail }] });
  }
  if (found.after === null) {
    const detail = `version ${version} removed the route: restore an earlier version, or DELETE ${
      pathOf(cluster)
    }`;
    throw new Problem("deleted-version", detail, {
      errors: [{ pointer: "/version", detail: "this version removed the route" }],
    });
  }
  return found.after;
}
