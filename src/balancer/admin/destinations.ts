import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Log } from "../../shared/log.ts";
import type { ClusterView, HealthBoard } from "../health/health_board.ts";
import { serverOf } from "../routes/override.ts";
import type { Store } from "../store/store.ts";
import type { Caller } from "./authentication.ts";
import { unknownRoute } from "./changes.ts";
import * as operations from "./destination_operations.ts";
import { healthJson, overrideJson } from "./destination_schemas.ts";
import { Problem } from "./problems.ts";

/** Adds the calls that read and report the health of destinations, and that set and remove overrides. */
export function addDestinations(
  app: OpenAPIHono<Caller>,
  store: Pick<Store, "override" | "removeOverride">,
  health: HealthBoard,
  log: Log,
): void {
  app.openapi(operations.listHealth, (c) => c.json(health.view().map(healthJson), 200));

  app.openapi(
    operations.getHealth,
    (c) => c.json(healthJson(viewOf(health, c.req.valid("param").cluster)), 200),
  );

  app.openapi(operations.putHealth, (c) => {
    const { cluster, name } = c.req.valid("param");
    const destination = viewOf(health, cluster).destinations.find((each) => each.name === name);
    if (destination === undefined) throw unknownDestination(health, cluster, name);
    if (!health.report(cluster, name, c.req.valid("json"))) {
      throw new Problem(
        "unknown-destination",
        `${name} of ${cluster} has no check to report on: add a check to the route`,
      );
    }
    return c.body(null, 204);
  });

  app.openapi(operations.putOverride, async (c) => {
    const { cluster, name } = c.req.valid("param");
    const { state, for_s: forS } = c.req.valid("json");
    const { destinations } = viewOf(health, cluster);
    if (serverOf(name) === undefined) {
      if (!destinations.some((each) => each.name === name)) throw unknownDestination(health, cluster, name);
    } else if (state !== "drain") {
      throw new Problem("invalid-body", "/state: an origin server can only be drained: give drain", {
        errors: [{ pointer: "/state", detail: "give drain" }],
      });
    }
    const by = c.get("caller");
    const made = await store.override(cluster, name, by, { state, forS });
    log.info("override_set", `${by} set ${name} of ${cluster} to ${state} until ${made.expiresAt}`, {
      cluster,
      name,
      state,
      by,
      expires_at: made.expiresAt,
    });
    return c.json(overrideJson(made), 200);
  });

  app.openapi(operations.deleteOverride, async (c) => {
    const { cluster, name } = c.req.valid("param");
    const removed = await store.removeOverride(cluster, name);
    if (removed === undefined) {
      throw new Problem("unknown-override", `${name} of ${cluster} has no override to remove`);
    }
    const by = c.get("caller");
    log.info("override_removed", `${by} removed the override of ${name} of ${cluster}`, {
      cluster,
      name,
      state: removed.state,
      by,
    });
    return c.body(null, 204);
  });
}

function viewOf(health: HealthBoard, cluster: string): ClusterView {
  const [view] = health.view(cluster);
  if (view === undefined) throw unknownRoute(cluster);
  return view;
}

function unknownDestination(health: HealthBoard, cluster: string, name: string): Problem {
  const names = viewOf(health, cluster).destinations.map(({ name }) => name);
  const advice = names.length > 0 ? `use one of ${names.join(", ")}` : "its route is switched off";
  return new Problem("unknown-destination", `${cluster} has no destination ${name}: ${advice}`);
}
