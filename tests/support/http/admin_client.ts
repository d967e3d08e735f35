/**
 * The admin API without a port: requests go to the app's `fetch`. Every answer is checked for what all have
 * in common.
 *
 * @module
 */
import assert from "node:assert/strict";
import { adminApp, type AdminOptions } from "../../../src/balancer/admin/app.ts";
import { noChanges } from "../../../src/balancer/admin/changes.ts";
import { PROBLEMS } from "../../../src/balancer/admin/problems.ts";
import type { AdminApp, AdminEnv } from "../../../src/balancer/admin/server.ts";
import { parseTokens } from "../../../src/balancer/admin/tokens.ts";
import { HealthBoard } from "../../../src/balancer/health/health_board.ts";
import { createLog } from "../../../src/shared/log.ts";
import { SimulatedClock } from "../clock/simulated_clock.ts";

export const ALICE = "0123456789abcdef0123456789abcdef";
export const BOB = "Zm9vYmFyYmF6cXV4cXV1eA_-3";

export const ROUTES = "/api/v1/routes";
export const ONE = `${ROUTES}/origin-cluster`;

/** A body for PUT. */
export const SETTINGS = { cdn_host: "cdn.example.net", cdn_weight: 9, origin_weight: 1, origin_port: null };

export interface CallOptions {
  /** Sent as JSON; strings, bytes and streams are sent unchanged. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** null: no token is sent. Default: Alice's token. */
  readonly token?: string | null;
  /** The address of the client. */
  readonly from?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body if it is JSON, else null. */
  // deno-lint-ignore no-explicit-any -- tests read any field of the body
  readonly json: any;
}

export type Call = (line: string, options?: CallOptions) => Promise<Answer>;

/**
 * Makes an admin API, and a function that calls it with a line such as `PUT /api/v1/routes/origin-cluster`.
 *
 * @returns `log`: the lines that the API has logged so far
 */
export function adminClient(
  options: Pick<AdminOptions, "store"> & Partial<AdminOptions>,
): { call: Call; log: string[]; app: AdminApp } {
  const lines: string[] = [];
  const log = createLog({
    level: "debug",
    format: "json",
    write: (line) => lines.push(line),
    now: () => new Date(0),
  });
  const app = adminApp({
    tokens: parseTokens(`alice:${ALICE}, bob:${BOB}`),
    log,
    readiness: () => "ready",
    explain: () => ({ refusal: { status: 404, reason: "The cluster of this video URL is not configured" } }),
    telling: { metrics: () => [], status: () => "{}" },
    isMetricsToken: undefined,
    changes: noChanges(),
    version: "1.2.3",
    hosts: [],
    clock: new SimulatedClock(0),
    health: new HealthBoard({ clock: new SimulatedClock(0), log }),
    ...options,
  });
  const call: Call = async (line, options) => {
    const response = await app.fetch(requestOf(line, options), envFrom(options?.from));
    const text = await response.text();
    const isJson = /json$/.test(response.headers.get("Content-Type") ?? "");
    const answer = {
      status: response.status,
      headers: response.headers,
      text,
      json: isJson && text !== "" ? JSON.parse(text) : null,
    };
    checkAnswer(line, answer);
    return answer;
  };
  return { call, log: lines, app };
}

const envFrom = (hostname = "192.0.2.1"): AdminEnv => ({
  remoteAddr: { transport: "tcp", hostname, port: 40_000 },
});

function requestOf(line: string, { body, headers, token = ALICE }: CallOptions = {}): Request {
  const [method = "", path = ""] = line.split(/ (.*)/);
  const isRaw = typeof body === "string" || body instanceof Uint8Array || body instanceof ReadableStream;
  return new Request(`http://127.0.0.1:8081${path}`, {
    method,
    headers: {
      ...token === null ? {} : { Authorization: `Bearer ${token}` },
      ...body === undefined ? {} : { "Content-Type": "application/json" },
      ...headers,
    },
    ...body === undefined ? {} : { body: isRaw ? body as BodyInit : JSON.stringify(body) },
  });
}

/** Checks the header fields that every answer has, and the problem document of every refusal. */
function checkAnswer(line: string, { status, headers, json }: Answer): void {
  const isAsset = status < 400 && /^[A-Z]+ (\/api\/v1\/(docs|openapi\.json)|\/$|\/assets\/)/.test(line);
  assert.equal(headers.get("Cache-Control"), isAsset ? "no-cache" : "no-store", line);
  assert.equal(headers.get("X-Content-Type-Options"), "nosniff", line);
  assert.match(headers.get("Content-Security-Policy") ?? "", /^default-src 'none';/, line);
  if (status < 400 || line.startsWith("HEAD ")) return;
  assert.equal(headers.get("Content-Type"), "application/problem+json", line);
  const { type, title, detail, errors = [], ...rest } = json;
  const name = /^\/api\/v1\/openapi\.json#\/x-problems\/([a-z-]+)$/.exec(type)?.[1] as keyof typeof PROBLEMS;
  assert.deepEqual({ title, status }, PROBLEMS[name], line);
  assert.deepEqual(rest, { status }, line);
  assert.ok(typeof detail === "string" && detail !== "", line);
  for (const { detail, ...place } of errors) {
    assert.ok(
      typeof detail === "string" && Object.keys(place).length === 1,
      `${line}: ${JSON.stringify(errors)}`,
    );
  }
}
