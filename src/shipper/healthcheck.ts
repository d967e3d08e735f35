/** The HEALTHCHECK of the shipper's image. */
import { askReady } from "../shared/healthcheck.ts";

Deno.exit(await askReady(Deno.env.get("SLUICE_SHIP_ADMIN")));
