/** The HEALTHCHECK command of the aggregator's container image: exits with 0 if the service is ready. */
import { askReady } from "../shared/healthcheck.ts";

Deno.exit(await askReady(Deno.env.get("SLUICE_ADMIN")));
