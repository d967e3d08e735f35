import type { RoutingTable, Target } from "../choose/routing.ts";

/** Why a request gets no redirect: the status, and a line of text for the client. */
export interface Refusal {
  readonly status: 400 | 404;
  /** A short name for metrics. */
  readonly id: string;
  readonly reason: string;
}

/** A requested video of a configured cluster. */
export interface Video {
  /** The URL as requested, without its fragment. */
  readonly url: string;
  /** The first label of the host, which names the origin server, in lower case. */
  readonly server: string;
  /** The path, and the query if there is one. */
  readonly path: string;
  readonly target: Target;
}

/** The most bytes in the URL of a video. */
export const VIDEO_BYTES_MAX = 2048;

// A URL may hold the bytes from 0x21 to 0x7e except the backslash. The parameter is decoded once; escapes
// that remain in the path must not stand for a dot, a slash, a backslash or a control character: a server
// that decodes them would see another path. Other escapes, such as a space or a non-ASCII letter, can change
// neither host nor path. In the query every escape is allowed and kept, because a signature may depend on it.
const ESCAPE = "%[0-9a-f]{2}";
const PATH_ESCAPE = "%(?!2[ef]|5c|7f|[01][0-9a-f])[0-9a-f]{2}";
const textOf = (chars: string, escape: string) => `[${chars}]*(?:${escape}[${chars}]*)*`;
const LABEL = "[a-z0-9-]{1,63}";
const SEGMENT = String.raw`\/(?!\.\.?(?:[\/?#]|$))` + textOf(String.raw`!"$&-.0->@-\[\]-~`, PATH_ESCAPE);
const QUERY = String.raw`\?` + textOf(String.raw`!"$&-\[\]-~`, ESCAPE);
const FRAGMENT = "#" + textOf(String.raw`!-$&-\[\]-~`, ESCAPE);

/**
 * The form of a video's URL. No part of the pattern can match in two ways, so both a match and a failure take
 * linear time.
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
  "The video URL has a % that is not followed by two hex digits: encode it as %25",
);
const NO_ASCII = refusal(
  400,
  "video-characters",
  "The video URL holds a space, a control character or a non-ASCII character: percent-encode it",
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
  "The video URL has a server name that begins with xn-- but is not valid punycode",
);
const CUT_OFF = refusal(
  400,
  "video-cut-off",
  "The video URL has a query, and another parameter follows: encode each & of the URL as %26, or give that parameter before video",
);
const SWITCHED_OFF = refusal(404, "cluster-off", "The cluster of this video URL is switched off");
const UNKNOWN_CLUSTER = refusal(404, "unknown-cluster", "The cluster of this video URL is not configured");

/** Why a URL does not have the form, with the refusal for each reason. The first that applies counts. */
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
    refusal(
      400,
      "video-user",
      "The video URL holds user information: remove everything up to and including the @",
    ),
  ],
  [/^[^?#]*\/\.\.?([/?#]|$)/, refusal(400, "video-dots", 'The video URL holds a path segment "." or ".."')],
];

/** Every refusal of a video. */
export const VIDEO_REFUSALS: readonly Refusal[] = [
  ...[MISSING, REPEATED, TOO_LONG, NO_VIDEO_URL, WRONG_PORT, BAD_LABEL, CUT_OFF],
  ...[SWITCHED_OFF, UNKNOWN_CLUSTER, ...FLAWS.map(([, refusal]) => refusal)],
];

/**
 * Finds the URL in the parameter `video` of a query, decoded once; a `+` stays a `+`. Other parameters are
 * ignored. But when the URL has a query and another parameter follows, the request is refused: that parameter
 * may be the rest of the URL's query, cut off at an unencoded `&`, and a signed URL would not be valid
 * without it.
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

/**
 * The value of the parameter at `start` if its name is `video`, even if percent-encoded; otherwise undefined.
 */
function valueOf(query: string, start: number, end: number): string | undefined {
  if (query.startsWith("video=", start)) return query.slice(start + "video=".length, end);
  const [name, ...rest] = query.slice(start, end).split("=");
  const decoded = name!.replace(/%([4-7][0-9a-f])/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  return decoded === "video" ? rest.join("=") : undefined;
}

/**
 * The video at `url`, or a refusal. Only URLs of a configured cluster that is enabled are accepted, so nobody
 * can use the service to redirect to another place.
 */
export function findVideo(url: string, table: RoutingTable): Video | Refusal {
  if (url.length > VIDEO_BYTES_MAX) return TOO_LONG;
  const match = VIDEO_URL.exec(url);
  if (match === null) return FLAWS.find(([flaw]) => flaw.test(url))?.[1] ?? NO_VIDEO_URL;
  // Measured once: destructuring goes through an iterator, which took 2 % more CPU time per redirect.
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

/**
 * Whether two ports, each with its colon or empty, are the same. Empty means the default port of the URL's
 * scheme.
 */
function isSamePort(url: string, port: string, other: string): boolean {
  const implied = /^https/i.test(url) ? ":443" : ":80";
  return (port || implied) === (other || implied);
}

/** The URL of a video at a destination, which is given by its index. */
export function locationOf({ url, server, path, target }: Video, destination: number): string {
  return destination === 0 ? url : target.destinations[destination]!.prefix + server + path;
}
