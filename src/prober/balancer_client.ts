import type { Place } from "../balancer/health/checks.ts";
import type { Report } from "../balancer/health/presence.ts";

/** Requests to one balancer that are under way at once: its admin port holds few connections. */
const REQUESTS_MAX = 4;
const TIMEOUT_MS = 2_000;
const REASON_CHARS_MAX = 300;

/** A destination that is to be probed, as the API of a balancer has it. */
export type CheckedPlace = Place & { readonly target: NonNullable<Place["target"]> };

export interface ClientOptions {
  /** Of the admin API, without a slash at its end. */
  readonly url: string;
  readonly token: string;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** Told after each report whether it arrived: undefined, or why not. */
  readonly reported: (problem: string | undefined) => void;
}

/** The API of one balancer, as far as a token for health leads. */
export class BalancerClient {
  readonly #options: ClientOptions;
  /** By path: a report that waits is replaced by a newer one on the same destination. */
  readonly #waiting = new Map<string, Report>();
  #running = 0;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  get url(): string {
    return this.#options.url;
  }

  /** @throws {Error} It does not answer, or not with what is to be probed. */
  async places(): Promise<CheckedPlace[]> {
    const response = await this.#request("GET", "/api/v1/health");
    const text = await response.text();
    if (response.status !== 200) throw new Error(problemIn(response.status, text));
    return placesIn(JSON.parse(text));
  }

  /** Reports on a destination as soon as it can. Never throws. */
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
      // A route that is gone since the checks were read is no trouble.
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

/** What the API says of its refusal, if it is the API that does. */
function problemIn(status: number, text: string): string {
  try {
    const { title, detail } = JSON.parse(text);
    if (typeof title === "string") return `status ${status}: ${title}: ${detail}`;
  } catch {
    // Somebody else answers there.
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
