/** The HEALTHCHECK of the balancer's image. */
import { askReady } from "../shared/healthcheck.ts";

Deno.exit(await askReady(Deno.env.get("BALANCER_ADMIN")));
