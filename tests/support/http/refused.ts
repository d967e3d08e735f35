/** Requests that a balancer refuses, each for a reason of its own. */
import { CLUSTER } from "../simulated/balancer_in_process.ts";
import { latin1 } from "./requests.ts";

const get = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;

/** By the name of the reason. Each keeps its connection open. */
const REQUESTS: readonly (readonly [reason: string, request: string])[] = [
  ["unknown-path", get("/elsewhere")],
  ["no-video", get("/")],
  ["video-form", get("/?video=film")],
  ["unknown-cluster", get("/?video=http://s1.elsewhere.example/film")],
  ["several-videos", get(`/?video=http://s1.${CLUSTER}/a&video=b`)],
];

/** Sends so many, a multiple of those kinds, over one connection. @returns how many of each */
export async function refuseAll(port: number, requests: number): Promise<ReadonlyMap<string, number>> {
  const each = requests / REQUESTS.length;
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const reading = new Response(connection.readable).text();
  const bytes = latin1(REQUESTS.map(([, request]) => request).join("").repeat(each));
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
  await connection.closeWrite();
  const answers = (await reading).match(/^HTTP\/1\.1 4\d\d /gm)?.length;
  if (answers !== requests) throw new Error(`${requests} refusals were due, but came: ${answers}`);
  return new Map(REQUESTS.map(([reason]) => [reason, each]));
}
