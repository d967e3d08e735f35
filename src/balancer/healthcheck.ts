/** The HEALTHCHECK of the balancer's container image: exits 0 if the service is ready. */
import { askReady } from "../shared/healthcheck.ts";

Deno.exit(await askReady(Deno.env.get("BALANCER_ADMIN")));
