import type { Log } from "../../shared/log.ts";
import { within } from "../../shared/within.ts";
import { type FirstRoute, tellDifference } from "./first_route.ts";
import { type Store, StoreReadOnly, StoreUnavailable } from "../store/store.ts";

/** The pause between two attempts to create the first route while the database is down. */
const SEED_PAUSE_MS = 250;

export interface SeedParts {
  readonly store: Pick<Store, "seed" | "route">;
  readonly log: Log;
  readonly isStopping: () => boolean;
  /** Resolves when the service stops. */
  readonly stopped: Promise<void>;
  /** Called before each pause, while the database is down. */
  readonly waiting: () => Promise<void>;
}

/**
 * Creates the first route of a database that never had one. Runs before the routes are first read, so that no
 * viewer gets a 404 for a cluster that is about to be created. Retries while the database is down. Never
 * rejects.
 */
export async function seed(route: FirstRoute, parts: SeedParts): Promise<void> {
  const { store, log, isStopping, stopped, waiting } = parts;
  while (!isStopping()) {
    try {
      const isMade = await store.seed(route, "environment");
      if (isMade) {
        return log.info("seeded", "created the first route from the environment variables", { ...route });
      }
      return tellDifference(route, await store.route(route.cluster), log);
    } catch (error) {
      if (error instanceof StoreReadOnly) {
        return log.warn("seed_failed", "the first route was not created: the database takes no changes", {
          error,
        });
      }
      if (!(error instanceof StoreUnavailable)) {
        return log.error("seed_failed", "the first route could not be created: create it through the API", {
          error,
        });
      }
    }
    await waiting();
    await within(SEED_PAUSE_MS, (pause) => Promise.race([pause, stopped]));
  }
}
