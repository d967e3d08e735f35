import assert from "node:assert/strict";
import { type BrowserContext, chromium } from "playwright-core";
import { CLUSTER } from "../support/balancer.ts";
import { BalancerProcess, DATABASE_DOWN, writeSnapshot } from "../support/balancer_process.ts";
import { sleep, until } from "../support/faults.ts";
import { withDirectory } from "../support/temporary_directory.ts";
import { makeStream } from "./media.ts";
import { type PlayerName, PLAYERS, servePages } from "./pages.ts";
import { readFiles, Station, throughBalancer } from "./stations.ts";

const SECONDS = 24;
const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  // Each player has a page of its own, and all of them play.
  "--disable-background-timer-throttling",
  "--disable-renderer-backgrounding",
  "--disable-backgrounding-occluded-windows",
  "--autoplay-policy=no-user-gesture-required",
  `--host-resolver-rules=MAP s1.${CLUSTER} 127.0.0.1`,
];

async function withChromium(use: (context: BrowserContext) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "sluice-chromium-" });
  try {
    const options = { executablePath: "/usr/bin/chromium", headless: true, args: ARGS };
    const context = await chromium.launchPersistentContext(directory, options);
    try {
      await use(context);
    } finally {
      await context.close();
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Where a player is: how far it has played, and why it gave up, if it did. */
interface Progress {
  readonly seconds: number;
  readonly failure: string;
}

/** Two CDNs and an origin with a stream, a balancer before them, and its address for a file of the stream. */
async function withStream(
  use: (
    parts: { cdns: [Station, Station]; origin: Station; redirectOf: (name: string) => string },
  ) => Promise<void>,
): Promise<void> {
  await withDirectory(async (directory) => {
    await Deno.mkdir(`${directory}/stream`);
    await makeStream(`${directory}/stream`, SECONDS);
    const made = await readFiles(`${directory}/stream`);
    // Filled once the balancer's port is known.
    const files = new Map(made);
    await using origin = new Station(files);
    await using a = new Station(files);
    await using b = new Station(files);
    const check = { path: "/ping", everyS: 0.5, timeoutS: 0.5, downAfter: 2, upAfter: 1, expect: "200-299" };
    const cdns = [a, b].map(({ port }, i) => ({
      name: "ab"[i]!,
      host: `127.0.0.1:${port}`,
      weight: 1,
      check,
    }));
    await writeSnapshot(directory, [{
      cluster: CLUSTER,
      cdnHost: cdns[0]!.host,
      cdnWeight: 2,
      originWeight: 0,
      originPort: origin.port,
      cdns,
      version: 1,
      updatedAt: "2026-11-21T22:00:00Z",
      updatedBy: "a",
    }]);
    await using balancer = await BalancerProcess.start(directory, { env: { DATABASE_URL: DATABASE_DOWN } });
    const redirectOf = (name: string) =>
      `http://127.0.0.1:${balancer.port}/?video=` +
      encodeURIComponent(`http://s1.${CLUSTER}:${origin.port}/v/${name}`);
    for (const [name, file] of throughBalancer(made, redirectOf)) files.set(name, file);
    await use({ cdns: [a, b], origin, redirectOf });
  });
}

Deno.test("players: hls.js, Shaka and dash.js play a stream through the balancer, and through a failover", () =>
  withStream(async ({ cdns: [a, b], redirectOf }) => {
    const pages = servePages();
    try {
      await withChromium(async (context) => {
        const playing = await Promise.all((Object.keys(PLAYERS) as PlayerName[]).map(async (name) => {
          const page = await context.newPage();
          const url = encodeURIComponent(redirectOf(PLAYERS[name].manifest));
          await page.goto(`http://127.0.0.1:${pages.addr.port}/${encodeURIComponent(name)}/page?url=${url}`);
          const progress = () =>
            page.evaluate<Progress>(`({
              seconds: document.querySelector("video").currentTime,
              failure: globalThis.failure,
            })`);
          return { name, progress };
        }));
        const states = new Map<string, Progress>();
        const all = async (holds: (progress: Progress) => boolean) => {
          for (const { name, progress } of playing) {
            const now = await progress();
            assert.equal(now.failure, "", `${name} gave up after ${now.seconds} s`);
            states.set(name, now);
          }
          return [...states.values()].every(holds);
        };
        const untilAll = async (what: string, holds: (progress: Progress) => boolean, ms: number) => {
          try {
            await until(what, () => all(holds), ms);
          } catch (error) {
            throw new Error(Deno.inspect(states), { cause: error });
          }
        };
        await untilAll("each player has begun", ({ seconds }) => seconds > 4, 60_000);
        assert.ok(a.segments > 0 && b.segments > 0, `${a.segments} and ${b.segments}`);
        await a.stop();
        const before = b.segments;
        await sleep(5000);
        a.start();
        await untilAll("each player has come to the end", ({ seconds }) => seconds > SECONDS - 1, 60_000);
        assert.ok(b.segments > before);
      });
    } finally {
      await pages.shutdown();
    }
  }));

Deno.test("players: ffprobe follows the redirects", () =>
  withStream(async ({ redirectOf }) => {
    const command = new Deno.Command("/usr/bin/ffprobe", {
      args: [
        "-v",
        "error",
        "-show_entries",
        "stream=codec_type",
        "-of",
        "csv=p=0",
        redirectOf("media_0.m3u8"),
      ],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
    const { success, stdout, stderr } = await command.output();
    assert.ok(success, new TextDecoder().decode(stderr));
    assert.match(new TextDecoder().decode(stdout), /^video/m);
  }));
