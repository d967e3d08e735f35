/**
 * Asks a service at this admin address whether it is ready, for the HEALTHCHECK of its image, which has no other
 * program to ask with. Prints the answer, for the container's log of its health.
 *
 * @returns the exit code
 */
export async function askReady(address: string | undefined): Promise<number> {
  if (address === "off") {
    console.log("The admin port is off: nobody can be asked");
    return 0;
  }
  const url = `http://${address}/readyz`;
  try {
    const response = await fetch(url);
    console.log(await response.text());
    return response.ok ? 0 : 1;
  } catch (error) {
    console.log(`Cannot ask ${url}: ${error instanceof Error ? error.message : error}`);
    return 1;
  }
}
