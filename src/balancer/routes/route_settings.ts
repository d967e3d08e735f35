import { type Cdn, ONLY_CDN, type RouteOptions } from "./route_options.ts";

/** The settings of a route that an operator can change. */
export interface RouteSettings extends RouteOptions {
  /** The base of the CDN's URLs: a host, optionally with a scheme (default `http`), a port and a path. */
  readonly cdnHost: string;
  /** Of every `cdnWeight + originWeight` requests, this many go to the CDN. */
  readonly cdnWeight: number;
  readonly originWeight: number;
  /** The port that a video's URL must name; null: the default port of its scheme. */
  readonly originPort: number | null;
}

/**
 * One host and one weight that stand for a list of CDNs, for versions before 0.2.0, which know only one CDN.
 */
export function shortForm(cdns: readonly Cdn[]): Pick<RouteSettings, "cdnHost" | "cdnWeight"> {
  const weight = cdns.reduce((sum, { weight, enabled }) => enabled === false ? sum : sum + weight, 0);
  return { cdnHost: cdns[0]!.host, cdnWeight: Math.min(weight, WEIGHT_MAX) };
}

/** Whether the short form describes these CDNs completely, so that no list has to be stored. */
export function isShort([cdn, ...more]: readonly Cdn[]): boolean {
  return more.length === 0 && cdn?.name === ONLY_CDN && cdn.enabled !== false && cdn.check === undefined;
}

export const CLUSTER_CHARS_MAX = 253; // RFC 1035, 2.3.4
export const CDN_HOST_CHARS_MAX = 512;
/** Keeps the product of two weights far below 2^53, above which numbers are no longer exact. */
export const WEIGHT_MAX = 1_000_000;
export const PORT_MAX = 65_535;

const LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const LABEL_ANY_CASE = LABEL.replaceAll("a-z", "a-zA-Z");
const IPV6 = String.raw`\[[0-9a-fA-F:.]+\]`;
const PATH_CHAR = "(?:[a-zA-Z0-9._~!$&'()*+,;=:@-]|%[0-9a-fA-F]{2})";

/** The form of a cluster's name: lower-case DNS labels (RFC 1123, 2.1), joined by dots. */
export const CLUSTER_PATTERN = new RegExp(String.raw`^${LABEL}(?:\.${LABEL})*$`);

/** The form of a CDN's base URL. {@linkcode cdnHostProblem} checks more than this. */
export const CDN_HOST_PATTERN = new RegExp(
  String.raw`^(?:https?:\/\/)?(?<host>${LABEL_ANY_CASE}(?:\.${LABEL_ANY_CASE})*|${IPV6})` +
    String.raw`(?::[1-9][0-9]{0,4})?(?<path>(?:\/${PATH_CHAR}+)*)\/?$`,
);

/** An invalid field of a route: the path of its property, such as `cdns/0/host`, and what to give instead. */
export interface RouteProblem {
  readonly field: string;
  readonly message: string;
}

/** What to give instead of an invalid name of a cluster; undefined: it is valid. */
export function clusterProblem(cluster: string): string | undefined {
  if (cluster.length > CLUSTER_CHARS_MAX) return `give at most ${CLUSTER_CHARS_MAX} characters`;
  if (!CLUSTER_PATTERN.test(cluster)) {
    return "give the domain of the origin servers in lower case, such as origin-cluster or video.example.net";
  }
  // Clients read a host that ends in a number as an IPv4 address.
  // See https://url.spec.whatwg.org/#ends-in-a-number-checker.
  if (/(^|\.)([0-9]+|0x[0-9a-f]*)$/.test(cluster)) {
    return "give a domain that does not end in a number: clients would read it as an IP address";
  }
  if (cluster.includes("xn--") && !URL.canParse(`http://${cluster}`)) {
    return "give a domain whose xn-- labels are valid punycode: no client could follow a redirect to this one";
  }
}

/** What to give instead of an invalid base URL of a CDN; undefined: it is valid. */
export function cdnHostProblem(cdnHost: string): string | undefined {
  if (cdnHost.length > CDN_HOST_CHARS_MAX) return `give at most ${CDN_HOST_CHARS_MAX} characters`;
  const { host, path } = CDN_HOST_PATTERN.exec(cdnHost)?.groups ?? {};
  const url = host === undefined ? null : URL.parse(cdnBase(cdnHost));
  // Clients parse the redirect as `URL` does, which may change the host (`0x7f.1`) or remove segments
  // (`/..`).
  if (url?.hostname !== host?.toLowerCase() || url?.pathname !== (path || "/")) {
    return "give a host, optionally with http:// or https://, a port and a path, such as cdn.example.net or " +
      "https://cdn.example.net:8443/video";
  }
}

/** What to give instead of an invalid pair of weights; undefined: it is valid. */
export function weightsProblem({ cdnWeight, originWeight }: RouteSettings): string | undefined {
  if (cdnWeight === 0 && originWeight === 0) return "give a weight above 0 to the CDN or to the origin";
}

/** The base of a CDN's URLs with its scheme and without a final slash: `https://cdn.example.net/video`. */
export function cdnBase(cdnHost: string): string {
  const base = /^https?:\/\//.test(cdnHost) ? cdnHost : `http://${cdnHost}`;
  return base.replace(/\/$/, "");
}

/**
 * Reads a ratio such as `9:1`: the CDN's weight, then the origin's.
 *
 * @throws {SyntaxError} The text is not such a ratio. The message says what to give instead.
 */
export function parseRatio(text: string): Pick<RouteSettings, "cdnWeight" | "originWeight"> {
  const [, cdn, origin] = /^(0|[1-9][0-9]{0,6}):(0|[1-9][0-9]{0,6})$/.exec(text) ?? [];
  const [cdnWeight, originWeight] = [Number(cdn), Number(origin)];
  if (!(cdnWeight <= WEIGHT_MAX && originWeight <= WEIGHT_MAX && cdnWeight + originWeight > 0)) {
    throw new SyntaxError(`give CDN:ORIGIN, two integers up to ${WEIGHT_MAX}, not both 0, such as 9:1`);
  }
  return { cdnWeight, originWeight };
}
