import { messageOf } from "./error_message.ts";

/**
 * Asks a service at its admin address whether it is ready, and prints the answer. This is the HEALTHCHECK of
 * the images, which contain no other HTTP client; the container engine logs what it prints.
 *
 * @returns the exit code: 0 if the service is ready or its admin port is off, else 1
 */
export async function askReady(address: string | undefined): Promise<number> {
  if (address === "off") {
    console.log("The admin port is off: the service can't be checked");
    return 0;
  }
  const url = `http://${address}/readyz`;
  try {
    const response = await fetch(url);
    console.log(await response.text());
    return response.ok ? 0 : 1;
  } catch (error) {
    console.log(`Cannot ask ${url}: ${messageOf(error)}`);
    return 1;
  }
}
