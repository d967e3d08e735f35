import type { Place } from "../balancer/health/checks.ts";
import type { Report } from "../balancer/health/presence.ts";

/** The most requests to one balancer at the same time, because its admin port accepts few connections. */
const REQUESTS_MAX = 4;
const TIMEOUT_MS = 2_000;
const REASON_CHARS_MAX = 300;

/** A destination with a check, as a balancer's API lists it. */
export type CheckedPlace = Place & { readonly target: NonNullable<Place["target"]> };

export interface ClientOptions {
  /** The URL of the admin API, without a final slash. */
  readonly url: string;
  readonly token: string;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** Called after each report: undefined if it was accepted, otherwise the reason why not. */
  readonly reported: (problem: string | undefined) => void;
}

/** A client for the API of one balancer, limited to what a token for health may do. */
export class BalancerClient {
  readonly #options: ClientOptions;
  /** Reports that wait, by path. A newer report on the same destination replaces the waiting one. */
  readonly #waiting = new Map<string, Report>();
  #running = 0;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  get url(): string {
    return this.#options.url;
  }

  /**
   * Reads the destinations to probe.
   *
   * @throws {Error} The balancer does not answer, or answers with an error.
   */
  async places(): Promise<CheckedPlace[]> {
    const response = await this.#request("GET", "/api/v1/health");
    const text = await response.text();
    if (response.status !== 200) throw new Error(problemIn(response.status, text));
    return placesIn(JSON.parse(text));
  }

  /** Queues a report on a destination. Never throws. */
  report(cluster: string, name: string, report: Report): void {
    this.#waiting.set(`/api/v1/health/${cluster}/${name}`, report);
    this.#pump();
  }

  #pump(): void {
    while (this.#running < REQUESTS_MAX) {
      const [next] = this.#waiting;
      if (next === undefined) return;
      this.#waiting.delete(next[0]);
      this.#running++;
      this.#put(...next).then((problem) => {
        this.#running--;
        this.#options.reported(problem);
        this.#pump();
      });
    }
  }

  async #put(path: string, { state, reason }: Report): Promise<string | undefined> {
    try {
      const body = JSON.stringify({ state, reason: reason.slice(0, REASON_CHARS_MAX) });
      const response = await this.#request("PUT", path, body);
      const text = await response.text();
      // A 404 is no problem: the route was removed after the checks were read.
      return response.ok || response.status === 404 ? undefined : problemIn(response.status, text);
    } catch (error) {
      return (error as Error).message;
    }
  }

  #request(method: string, path: string, body?: string): Promise<Response> {
    const { url, token, fetch } = this.#options;
    return fetch(url + path, {
      method,
      headers: {
        Authorization: `Bearer ${token}`,
        ...body === undefined ? {} : { "Content-Type": "application/json" },
      },
      ...body === undefined ? {} : { body },
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  }
}

/** Describes a refusal, with the API's own words if the answer is one of its problem details. */
function problemIn(status: number, text: string): string {
  try {
    const { title, detail } = JSON.parse(text);
    if (typeof title === "string") return `status ${status}: ${title}: ${detail}`;
  } catch {
    // The answer is no JSON, so it comes from another server, such as a proxy.
  }
  return `status ${status}`;
}

interface ClusterJson {
  cluster: string;
  destinations: { name: string; check: CheckJson | null }[];
}

interface CheckJson {
  url: string;
  every_s: number;
  timeout_s: number;
  down_after: number;
  up_after: number;
  expect: string;
}

function placesIn(clusters: readonly ClusterJson[]): CheckedPlace[] {
  return clusters.flatMap(({ cluster, destinations }) =>
    destinations.flatMap(({ name, check }) =>
      check === null ? [] : [{ cluster, name, target: targetOf(check) }]
    )
  );
}

function targetOf({ url, every_s, timeout_s, down_after, up_after, expect }: CheckJson) {
  return {
    url,
    everyS: every_s,
    timeoutS: timeout_s,
    downAfter: down_after,
    upAfter: up_after,
    expect,
  };
}
