import type { Log } from "../../shared/log.ts";
import { within } from "../../shared/within.ts";
import { type FirstRoute, tellDifference } from "./first_route.ts";
import { type Store, StoreReadOnly, StoreUnavailable } from "../store/store.ts";

/** Between two attempts to make the first route while the database is down. */
const SEED_PAUSE_MS = 250;

export interface SeedParts {
  readonly store: Pick<Store, "seed" | "route">;
  readonly log: Log;
  readonly isStopping: () => boolean;
  /** Resolves when it is stopped. */
  readonly stopped: Promise<void>;
  /** Called before each pause: the database is down. */
  readonly waiting: () => Promise<void>;
}

/**
 * Makes the first route of a database that never had one. Before the routes are read for the first time: no viewer is
 * told that a cluster is unknown which is about to be made. Never rejects.
 */
export async function seed(route: FirstRoute, parts: SeedParts): Promise<void> {
  const { store, log, isStopping, stopped, waiting } = parts;
  while (!isStopping()) {
    try {
      const isMade = await store.seed(route, "environment");
      if (isMade) return log.info("seeded", "made the first route, from the environment", { ...route });
      return tellDifference(route, await store.route(route.cluster), log);
    } catch (error) {
      if (error instanceof StoreReadOnly) {
        return log.warn("seed_failed", "the first route is not made: the database takes no changes", {
          error,
        });
      }
      if (!(error instanceof StoreUnavailable)) {
        return log.error("seed_failed", "the first route could not be made; make it through the API", {
          error,
        });
      }
    }
    await waiting();
    await within(SEED_PAUSE_MS, (pause) => Promise.race([pause, stopped]));
  }
}
