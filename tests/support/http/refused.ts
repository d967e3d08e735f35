/** Requests that a balancer refuses, each for another reason. */
import { CLUSTER } from "../simulated/balancer_in_process.ts";
import { latin1 } from "./requests.ts";

const get = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;

/** One request for each reason. The connection stays open after each of these refusals. */
const REQUESTS: readonly (readonly [reason: string, request: string])[] = [
  ["unknown-path", get("/elsewhere")],
  ["no-video", get("/")],
  ["video-form", get("/?video=film")],
  ["unknown-cluster", get("/?video=http://s1.elsewhere.example/film")],
  ["several-videos", get(`/?video=http://s1.${CLUSTER}/a&video=b`)],
];

/**
 * Sends requests over one connection, equally many for each reason.
 *
 * @param requests how many in all: a multiple of the number of reasons
 * @returns how many were sent for each reason
 */
export async function refuseAll(port: number, requests: number): Promise<ReadonlyMap<string, number>> {
  const each = requests / REQUESTS.length;
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const reading = new Response(connection.readable).text();
  const bytes = latin1(REQUESTS.map(([, request]) => request).join("").repeat(each));
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
  await connection.closeWrite();
  const answers = (await reading).match(/^HTTP\/1\.1 4\d\d /gm)?.length;
  if (answers !== requests) throw new Error(`Expected ${requests} refusals, but received ${answers}`);
  return new Map(REQUESTS.map(([reason]) => [reason, each]));
}
