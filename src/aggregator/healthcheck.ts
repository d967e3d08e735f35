/** The HEALTHCHECK of the aggregator's image. */
import { askReady } from "../shared/healthcheck.ts";

Deno.exit(await askReady(Deno.env.get("SLUICE_ADMIN")));
