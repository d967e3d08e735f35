/** What a route may have beside one CDN, two weights and a port. What is left out is as it always was. */
export interface RouteOptions {
  /** In place of one CDN; `cdnHost` and `cdnWeight` then are the {@linkcode shortForm} of them. */
  readonly cdns?: readonly Cdn[];
  readonly originCheck?: Check;
  /** The most redirects to the origin in a second, over all workers; what goes over it goes to the CDNs. */
  readonly originRateMax?: number;
  /** By the path of the video, so that one video always goes to the same place; by default in turn. */
  readonly spread?: "path";
  /** With a spread by path: by the whole path; by default only by the directory, so that the files of a stream stay together. */
  readonly spreadBy?: "path";
  /** Of the redirect; by default 301. */
  readonly status?: RedirectStatus;
  /** Whether the videos of the cluster are redirected at all; by default they are. */
  readonly enabled?: false;
  /** For players that ask again where to go, in seconds; by default 10. */
  readonly steeringTtlS?: number;
}

export type RedirectStatus = 302 | 307 | 308;
export const REDIRECT_STATUSES = [302, 307, 308] as const;

/** One of the CDNs of a route. */
export interface Cdn {
  /** Within the route; in reasons, metrics and the calls of the API. */
  readonly name: string;
  /** The base of its URLs, as `cdnHost`. */
  readonly host: string;
  readonly weight: number;
  /** Whether it takes its turns; by default it does. */
  readonly enabled?: false;
  readonly check?: Check;
}

/** How to find out whether a destination is well. Times are in seconds. */
export interface Check {
  /** Asked for at the destination's host, with its query if it has one. */
  readonly path: string;
  /** The host to ask, with a scheme and a port if need be; by default the destination's own. */
  readonly host?: string;
  readonly everyS: number;
  readonly timeoutS: number;
  /** So many failures in a row make it down, so many successes up again. */
  readonly downAfter: number;
  readonly upAfter: number;
  /** The statuses of an answer that is well, such as `200-399`. */
  readonly expect: string;
}

/** What stands for what a check leaves out. */
export const CHECK_DEFAULTS = {
  everyS: 2,
  timeoutS: 1,
  downAfter: 2,
  upAfter: 3,
  expect: "200-399",
} as const satisfies Omit<Check, "path">;

export const CDNS_MAX = 16;
export const ORIGIN_RATE_MAX = 1_000_000;
export const STEERING_TTL_S = 10;
export const CHECK_PATH_CHARS_MAX = 512;

/** The origin as a destination among the CDNs. */
export const ORIGIN = "origin";
/** The name of the one CDN of a route that has no list of them. */
export const ONLY_CDN = "cdn";
export const CDN_NAME_PATTERN = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/;

/** Each of them takes turns by its own rules and may be looked at alone. */
export function cdnsOf(
  { cdns, cdnHost, cdnWeight }: { cdns?: readonly Cdn[]; cdnHost: string; cdnWeight: number },
): readonly Cdn[] {
  return cdns ?? [{ name: ONLY_CDN, host: cdnHost, weight: cdnWeight }];
}
