/** A page for each player. It plays the URL in its query, and buffers little, so that it keeps fetching. */
import { libraryOf } from "./libraries.ts";

interface Player {
  /** The name of the player's package. */
  readonly library: string;
  /** The import of the library if it is a module; undefined if it is a script. */
  readonly load?: string;
  readonly manifest: string;
  readonly play: string;
}

export const PLAYERS = {
  "hls.js": {
    library: "hls.js",
    load: 'import Hls from "./library";',
    manifest: "index.m3u8",
    play: `const player = new Hls({ maxBufferLength: 4, maxMaxBufferLength: 4, maxBufferSize: 1 });
      player.on(Hls.Events.ERROR, (_, { fatal, details }) => fatal && failed(details));
      player.loadSource(url);
      player.attachMedia(video);`,
  },
  "Shaka Player": {
    library: "shaka-player",
    manifest: "index.mpd",
    play: `shaka.polyfill.installAll();
      const player = new shaka.Player();
      player.addEventListener("error", ({ detail }) => failed(detail.code));
      player.attach(video).then(() => {
        player.configure({ streaming: { bufferingGoal: 4, rebufferingGoal: 1 } });
        return player.load(url);
      }).catch((error) => failed(error.code));`,
  },
  "dash.js": {
    library: "dashjs",
    manifest: "index.mpd",
    load: 'import * as dashjs from "./library";',
    play: `const player = dashjs.MediaPlayer().create();
      player.updateSettings({ streaming: { buffer: { bufferTimeDefault: 4, bufferTimeAtTopQuality: 4 } } });
      player.on("error", ({ error }) => failed(error.message));
      player.initialize(video, url, true);`,
  },
} as const satisfies Record<string, Player>;

export type PlayerName = keyof typeof PLAYERS;

const page = (name: PlayerName, { load, play }: Player) =>
  `<!doctype html>
<title>${name}</title>
<video muted autoplay width="320" height="180"></video>
${load ? "" : '<script src="library"></script>'}
<script type="module">
  ${load ?? ""}
  const video = document.querySelector("video");
  const url = new URLSearchParams(location.search).get("url");
  globalThis.failure = "";
  const failed = (reason) => { globalThis.failure ||= String(reason); };
  ${play}
  video.play();
</script>`;

/** Serves the pages on a free port of 127.0.0.1. */
export function servePages(): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async ({ url }) => {
    const [, name, file] = new URL(url).pathname.split("/").map(decodeURIComponent);
    const player = name! in PLAYERS ? name as PlayerName : undefined;
    if (player === undefined) return new Response(null, { status: 404 });
    return file === "library"
      ? new Response(await libraryOf(PLAYERS[player].library), {
        headers: { "Content-Type": "text/javascript" },
      })
      : new Response(page(player, PLAYERS[player]), { headers: { "Content-Type": "text/html" } });
  });
}
