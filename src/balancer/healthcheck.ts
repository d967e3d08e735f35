/**
 * Asks the balancer of this container whether it can redirect: the HEALTHCHECK of the image, which has no other
 * program to ask with. Prints the answer, for the container's log of its health.
 *
 * @module
 */

async function check(): Promise<number> {
  const url = `http://${Deno.env.get("BALANCER_ADMIN")}/readyz`;
  try {
    const response = await fetch(url);
    console.log(await response.text());
    return response.ok ? 0 : 1;
  } catch (error) {
    console.log(`Cannot ask ${url}: ${error instanceof Error ? error.message : error}`);
    return 1;
  }
}

Deno.exit(await check());
