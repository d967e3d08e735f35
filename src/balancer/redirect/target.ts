import type { RoutingTable, Target } from "../choose/routing.ts";

/** Why a request gets no redirect: its status, and one line for whoever sent it. */
export interface Refusal {
  readonly status: 400 | 404;
  /** Short, for counting. */
  readonly id: string;
  readonly reason: string;
}

/** A video of a configured cluster. */
export interface Video {
  /** As it was asked for, without its fragment. */
  readonly url: string;
  /** The label of the origin server, in lower case. */
  readonly server: string;
  /** The path, and the query if there is one. */
  readonly path: string;
  readonly target: Target;
}

/** The longest URL of a video. */
export const VIDEO_BYTES_MAX = 2048;

// A URL is made of the bytes from 0x21 to 0x7e less the backslash. In a path, what is escaped after the one decoding
// may not be a dot, a slash, a backslash or a control character: whoever decodes it would find another path. The rest,
// such as a space or a letter beyond ASCII, can change neither host nor path; nor can anything escaped in a query,
// whose signature may depend on it.
const ESCAPE = "%[0-9a-f]{2}";
const PATH_ESCAPE = "%(?!2[ef]|5c|7f|[01][0-9a-f])[0-9a-f]{2}";
const textOf = (chars: string, escape: string) => `[${chars}]*(?:${escape}[${chars}]*)*`;
const LABEL = "[a-z0-9-]{1,63}";
const SEGMENT = String.raw`\/(?!\.\.?(?:[\/?#]|$))` + textOf(String.raw`!"$&-.0->@-\[\]-~`, PATH_ESCAPE);
const QUERY = String.raw`\?` + textOf(String.raw`!"$&-\[\]-~`, ESCAPE);
const FRAGMENT = "#" + textOf(String.raw`!-$&-\[\]-~`, ESCAPE);

/**
 * The form of a video's URL. Nothing in it can match in two ways, so that it takes linear time, also to fail.
 *
 *     http://s1.origin-cluster:8080/video/1488/xcg2djHckad.m3u8?token=1#start
 *            ^^ ^^^^^^^^^^^^^^~~~~~^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^~~~~~~
 *         server   cluster   port           path and query        fragment
 */
const VIDEO_URL = new RegExp(
  String.raw`^https?:\/\/(${LABEL})\.(${LABEL}(?:\.${LABEL})*)(:[0-9]{1,5})?` +
    String.raw`((?!\/(?:[?#]|$))(?:${SEGMENT})+(?:${QUERY})?)(${FRAGMENT})?$`,
  "i",
);

const refusal = (status: Refusal["status"], id: string, reason: string): Refusal => ({ status, id, reason });

const MISSING = refusal(400, "no-video", "Give the URL of a video: /?video=URL");
const REPEATED = refusal(400, "several-videos", "Give one video: the query holds several");
const TOO_LONG = refusal(400, "video-too-long", `Give a video URL of at most ${VIDEO_BYTES_MAX} bytes`);
const BAD_ESCAPE = refusal(
  400,
  "video-escape",
  "The video URL has a % without two hex digits behind it: encode it as %25",
);
const NO_ASCII = refusal(
  400,
  "video-characters",
  "The video URL holds a space, a control character or a byte beyond ASCII",
);
const NO_VIDEO_URL = refusal(400, "video-form", "Give a video URL of the form http://SERVER.CLUSTER/PATH");
const WRONG_PORT = refusal(
  400,
  "video-port",
  "The video URL does not name the port that its cluster is configured for",
);
const BAD_LABEL = refusal(
  400,
  "video-label",
  "The video URL names a server by a label xn-- that is no valid punycode",
);
const CUT_OFF = refusal(
  400,
  "video-cut-off",
  "The video URL has a query, and another parameter follows: encode each & of the URL as %26, or give that parameter before video",
);
const SWITCHED_OFF = refusal(404, "cluster-off", "The cluster of this video URL is switched off");
const UNKNOWN_CLUSTER = refusal(404, "unknown-cluster", "The cluster of this video URL is not configured");

/** What keeps a URL from being of the form, in the words for it; the first that applies. */
const FLAWS: readonly (readonly [flaw: RegExp, Refusal])[] = [
  [/[^!-~]/, NO_ASCII],
  [/\\/, refusal(400, "video-backslash", "The video URL holds a backslash")],
  [/%(?![0-9a-f]{2})/i, BAD_ESCAPE],
  [
    new RegExp(`^[^?#]*%(?!${PATH_ESCAPE.slice(1)})`, "i"),
    refusal(
      400,
      "video-path-escape",
      "The path of the video URL holds an encoded control character, backslash, slash or dot",
    ),
  ],
  [
    /^[^/]*\/\/[^/?#]*@/,
    refusal(400, "video-user", "The video URL holds user information: leave out all up to the @"),
  ],
  [/^[^?#]*\/\.\.?([/?#]|$)/, refusal(400, "video-dots", 'The video URL holds a path segment "." or ".."')],
];

/** All that a video can be refused for. */
export const VIDEO_REFUSALS: readonly Refusal[] = [
  ...[MISSING, REPEATED, TOO_LONG, NO_VIDEO_URL, WRONG_PORT, BAD_LABEL, CUT_OFF],
  ...[SWITCHED_OFF, UNKNOWN_CLUSTER, ...FLAWS.map(([, refusal]) => refusal)],
];

/**
 * The URL in the parameter `video` of a query, decoded once; `+` stays what it is. Other parameters are passed over.
 * After a URL that has a query, they may as well be the rest of that query, cut off by a `&` that was not encoded:
 * without it a signed URL would be another one, so it is refused.
 */
export function videoIn(query: string): string | Refusal {
  let video: string | undefined;
  let isFollowed = false;
  for (let start = 0, end; start <= query.length; start = end + 1) {
    end = query.indexOf("&", start);
    if (end < 0) end = query.length;
    const value = valueOf(query, start, end);
    if (value === undefined) {
      isFollowed ||= video !== undefined && end > start;
      continue;
    }
    if (video !== undefined) return REPEATED;
    video = value;
  }
  if (!video) return MISSING;
  try {
    const url = video.includes("%") ? decodeURIComponent(video) : video;
    return isFollowed && /^[^#]*\?/.test(url) ? CUT_OFF : url;
  } catch {
    return /%(?![0-9a-f]{2})/i.test(video) ? BAD_ESCAPE : NO_ASCII;
  }
}

/** The value of the parameter at `start`, if its name, perhaps encoded, is `video`. */
function valueOf(query: string, start: number, end: number): string | undefined {
  if (query.startsWith("video=", start)) return query.slice(start + "video=".length, end);
  const [name, ...rest] = query.slice(start, end).split("=");
  const decoded = name!.replace(/%([4-7][0-9a-f])/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  return decoded === "video" ? rest.join("=") : undefined;
}

/** The video at `url`, or why there is none to redirect to: nothing is passed on that its settings do not name. */
export function findVideo(url: string, table: RoutingTable): Video | Refusal {
  if (url.length > VIDEO_BYTES_MAX) return TOO_LONG;
  const match = VIDEO_URL.exec(url);
  if (match === null) return FLAWS.find(([flaw]) => flaw.test(url))?.[1] ?? NO_VIDEO_URL;
  // One by one: destructured, through an iterator, they took 2 % more of a redirect's processor time.
  const server = match[1]!.toLowerCase();
  const cluster = match[2]!.toLowerCase();
  const port = match[3] ?? "";
  const path = match[4]!;
  const fragment = match[5];
  const target = table.get(cluster);
  if (target === undefined) return UNKNOWN_CLUSTER;
  if (!target.isEnabled) return SWITCHED_OFF;
  if (port !== target.originPort && !isSamePort(url, port, target.originPort)) return WRONG_PORT;
  if (server.startsWith("xn--") && !URL.canParse(`http://${server}.${cluster}`)) return BAD_LABEL;
  return { url: fragment === undefined ? url : url.slice(0, -fragment.length), server, path, target };
}

/** Whether two ports, each with its colon or empty, are one: the scheme names the port of a URL that names none. */
function isSamePort(url: string, port: string, other: string): boolean {
  const implied = /^https/i.test(url) ? ":443" : ":80";
  return (port || implied) === (other || implied);
}

/** Where a video is watched, by the index of the destination. */
export function locationOf({ url, server, path, target }: Video, destination: number): string {
  return destination === 0 ? url : target.destinations[destination]!.prefix + server + path;
}
