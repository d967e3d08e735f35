import assert from "node:assert/strict";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { CLUSTER } from "../support/simulated/balancer_in_process.ts";
import { BalancerProcess, DATABASE_DOWN, writeSnapshot } from "../support/processes/balancer_process.ts";
import { until } from "../support/processes/long_tests.ts";
import { withDirectory } from "../support/disk/temporary_directory.ts";
import { makeStream } from "./media.ts";
import { type PlayerName, PLAYERS, servePages } from "./pages.ts";
import { type Files, readFiles, throughBalancer, VideoServer } from "./video_servers.ts";

const SECONDS = 24;
const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  // Each player has its own page, and all pages must play at the same time.
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

/** The state of a player: the position in seconds, and the reason if the player has failed. */
interface Progress {
  readonly seconds: number;
  readonly failure: string;
}

interface Parts {
  readonly cdns: readonly [VideoServer, VideoServer];
  /** Returns the URL of a file of the stream at the balancer. */
  readonly redirectOf: (name: string) => string;
  /** The URL of the steering manifest. */
  readonly steering: string;
  /** Returns the state of the first CDN as the balancer sees it. */
  readonly stateOfA: () => Promise<unknown>;
}

/** Runs `use` with two CDNs and an origin that serve a stream, and a balancer that checks the CDNs. */
async function withStream(use: (parts: Parts) => Promise<void>): Promise<void> {
  await withDirectory(async (directory) => {
    await Deno.mkdir(`${directory}/stream`);
    await makeStream(`${directory}/stream`, SECONDS);
    const made = await readFiles(`${directory}/stream`);
    // The URLs in the files are replaced once the balancer's port is known.
    const files = new Map(made);
    await using origin = new VideoServer(files);
    await using a = new VideoServer(files);
    await using b = new VideoServer(files);
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
      steeringTtlS: 1,
      version: 1,
      updatedAt: "2026-11-21T22:00:00Z",
      updatedBy: "a",
    }]);
    const env = { DATABASE_URL: DATABASE_DOWN };
    await using balancer = await BalancerProcess.start(directory, { env, flags: ["--probe-private", "on"] });
    const base = `http://127.0.0.1:${balancer.port}`;
    const redirectOf = (name: string) =>
      `${base}/?video=${encodeURIComponent(`http://s1.${CLUSTER}:${origin.port}/v/${name}`)}`;
    for (const [name, file] of throughBalancer(made, redirectOf)) files.set(name, file);
    const steering = `${base}/steering/${CLUSTER}`;
    files.set("steered.m3u8", steered(made, steering, [["a", a.port], ["b", b.port]]));
    for (const name of ["media_0.m3u8", "media_1.m3u8"]) files.set(`direct_${name}`, made.get(name)!);
    const stateOfA = async () => {
      const [, destination] = (await balancer.health(CLUSTER)).destinations;
      return destination.state;
    };
    await use({ cdns: [a, b], redirectOf, steering, stateOfA });
  });
}

/** Makes a playlist with two pathways, each at its own CDN, and with the URL of the steering manifest. */
function steered(
  files: Files,
  steering: string,
  pathways: readonly (readonly [name: string, port: number])[],
): Uint8Array<ArrayBuffer> {
  const text = new TextDecoder().decode(files.get("index.m3u8")!);
  const [, variant] = /^#EXT-X-STREAM-INF:(.*)$/m.exec(text)!;
  const lines = pathways.flatMap(([name, port]) => [
    `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="${name}",NAME="audio",DEFAULT=YES,` +
    `URI="http://127.0.0.1:${port}/v/direct_media_1.m3u8"`,
    `#EXT-X-STREAM-INF:${variant!.replace(/AUDIO="[^"]*"/, `AUDIO="${name}"`)},PATHWAY-ID="${name}"`,
    `http://127.0.0.1:${port}/v/direct_media_0.m3u8`,
  ]);
  const head = [
    "#EXTM3U",
    "#EXT-X-VERSION:7",
    `#EXT-X-CONTENT-STEERING:SERVER-URI="${steering}",PATHWAY-ID="a"`,
  ];
  return new TextEncoder().encode([...head, ...lines, ""].join("\n"));
}

/** Pages that play, and the progress of each. */
class Audience {
  readonly #pages = new Map<string, Page>();
  #states = new Map<string, Progress>();

  async play(context: BrowserContext, base: string, name: PlayerName, url: string): Promise<void> {
    const page = await context.newPage();
    await page.goto(`${base}/${encodeURIComponent(name)}/page?url=${encodeURIComponent(url)}`);
    this.#pages.set(name, page);
  }

  /** Waits until every player is past `seconds`. @throws {Error} A player was too slow, or has failed. */
  async until(what: string, seconds: number, ms: number): Promise<void> {
    const areThere = async () => {
      for (const [name, page] of this.#pages) this.#states.set(name, await progressOf(page));
      const states = [...this.#states.values()];
      assert.ok(states.every(({ failure }) => failure === ""), "A player has failed");
      return states.every((state) => state.seconds > seconds);
    };
    try {
      await until(what, areThere, ms);
    } catch (error) {
      throw new Error(`${(error as Error).message}: ${Deno.inspect(this.#states)}`, { cause: error });
    }
  }
}

const progressOf = (page: Page) =>
  page.evaluate<Progress>(`({
    seconds: document.querySelector("video").currentTime,
    failure: globalThis.failure,
  })`);

async function withPages(use: (context: BrowserContext, base: string) => Promise<void>): Promise<void> {
  const pages = servePages();
  try {
    await withChromium((context) => use(context, `http://127.0.0.1:${pages.addr.port}`));
  } finally {
    await pages.shutdown();
  }
}

Deno.test("players: hls.js, Shaka and dash.js play a stream through the balancer, and through a failover", () =>
  withStream(({ cdns: [a, b], redirectOf, stateOfA }) =>
    withPages(async (context, base) => {
      const audience = new Audience();
      for (const name of Object.keys(PLAYERS) as PlayerName[]) {
        await audience.play(context, base, name, redirectOf(PLAYERS[name].manifest));
      }
      await audience.until("each player has begun", 4, 60_000);
      assert.ok(a.segments > 0 && b.segments > 0, `${a.segments} and ${b.segments}`);
      await a.stop();
      await until("the failover", async () => await stateOfA() === "down");
      const before = b.segments;
      await audience.until("each player has come to the end", SECONDS - 1, 90_000);
      assert.ok(b.segments > before);
      a.start();
    })
  ));

Deno.test("players: hls.js switches to the other pathway when the steering manifest says so", () =>
  withStream(({ cdns: [a, b], steering, stateOfA }) =>
    withPages(async (context, base) => {
      // New sessions alternate between the CDNs: after an answer with B, hls.js begins at A.
      await until("A's turn", async () => {
        const manifest = await (await fetch(steering)).json();
        return manifest["PATHWAY-PRIORITY"][0] === "b";
      });
      const audience = new Audience();
      await audience.play(context, base, "hls.js", `http://127.0.0.1:${b.port}/v/steered.m3u8`);
      await audience.until("it plays", 4, 60_000);
      assert.ok(a.segments > 0 && b.segments === 0, `${a.segments} and ${b.segments}`);
      await a.stop();
      await until("the failover", async () => await stateOfA() === "down");
      await audience.until("it has come to the end", SECONDS - 1, 90_000);
      assert.ok(b.segments > 0);
      a.start();
    })
  ));

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
