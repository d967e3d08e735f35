/**
 * The optional settings of a route, beside one CDN, two weights and a port. What is left out has its default.
 */
export interface RouteOptions {
  /** A list of CDNs in place of one; `cdnHost` and `cdnWeight` then hold its {@linkcode shortForm}. */
  readonly cdns?: readonly Cdn[];
  readonly originCheck?: Check;
  /**
   * The most redirects to the origin per second, over all workers of an instance; the rest goes to the CDNs.
   */
  readonly originRateMax?: number;
  /** By the path of the video, so that each video always goes to the same destination; by default by turn. */
  readonly spread?: "path";
  /**
   * For a spread by path: by the whole path; by default by its directory, which keeps the files of a stream
   * together.
   */
  readonly spreadBy?: "path";
  /** The status of a redirect; by default 301. */
  readonly status?: RedirectStatus;
  /** False switches the route off; by default it is on. */
  readonly enabled?: false;
  /** How long a steered player waits before it asks again, in seconds; by default 10. */
  readonly steeringTtlS?: number;
}

export type RedirectStatus = 302 | 307 | 308;
export const REDIRECT_STATUSES = [302, 307, 308] as const;

/** One of the CDNs of a route. */
export interface Cdn {
  /** Its name in metrics, logs and the API; unique within the route. */
  readonly name: string;
  /** The base of its URLs, in the form of `cdnHost`. */
  readonly host: string;
  readonly weight: number;
  /** False takes the CDN out and keeps its settings; by default it is in use. */
  readonly enabled?: false;
  readonly check?: Check;
}

/** How to check the health of a destination. Times are in seconds. */
export interface Check {
  /** The path to request, with its query if it has one. */
  readonly path: string;
  /** The host to request it from, optionally with scheme and port; by default the destination's own. */
  readonly host?: string;
  readonly everyS: number;
  readonly timeoutS: number;
  /** This many failures in a row make the destination down, ... */
  readonly downAfter: number;
  /** ... and this many successes in a row make it up again. */
  readonly upAfter: number;
  /** The range of statuses that count as success, such as `200-399`. */
  readonly expect: string;
}

/** The defaults of a check. */
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

/** The name of the origin as a destination. */
export const ORIGIN = "origin";
/** The name of the CDN of a route without a list of CDNs. */
export const ONLY_CDN = "cdn";
export const CDN_NAME_PATTERN = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/;

/** The CDNs of a route: its list, or a list of its one CDN. */
export function cdnsOf(
  { cdns, cdnHost, cdnWeight }: { cdns?: readonly Cdn[]; cdnHost: string; cdnWeight: number },
): readonly Cdn[] {
  return cdns ?? [{ name: ONLY_CDN, host: cdnHost, weight: cdnWeight }];
}
