/** Every error that the API can answer with: its HTTP status, and what it means whatever the request was. */
export const PROBLEMS = {
  "malformed-json": { status: 400, title: "The body is not JSON" },
  "incomplete-body": { status: 400, title: "The body broke off" },
  "invalid-parameter": { status: 400, title: "A part of the path, the query or a header can't be as it is" },
  "token-missing": { status: 401, title: "No token was given" },
  "token-unknown": { status: 401, title: "The token is not one of the service's" },
  "no-tokens": { status: 403, title: "The service has no tokens, so it refuses every call" },
  "token-forbidden": { status: 403, title: "The token is not for this call" },
  "unknown-path": { status: 404, title: "There is nothing at this path" },
  "unknown-route": { status: 404, title: "There is no route for this cluster" },
  "unknown-destination": { status: 404, title: "The cluster has no such destination" },
  "unknown-override": { status: 404, title: "There is no such override" },
  "unknown-version": { status: 404, title: "The route has no such version" },
  "method-not-allowed": { status: 405, title: "The path does not know this method" },
  "not-acceptable": { status: 406, title: "The answer has no form that the client accepts" },
  "deleted-version": { status: 409, title: "The version is the removal of the route" },
  "precondition-failed": { status: 412, title: "The route is not in the state that the request names" },
  "body-too-large": { status: 413, title: "The body is too large" },
  "unsupported-media-type": { status: 415, title: "The body is not of a type that the call takes" },
  "unknown-host": { status: 421, title: "The name in Host is not one of the service's" },
  "invalid-body": { status: 422, title: "A field of the body can't be as it is" },
  "too-many-attempts": { status: 429, title: "Too many wrong tokens came from this address" },
  "internal": { status: 500, title: "The service failed" },
  "database-down": { status: 503, title: "The database does not answer" },
  "stopping": { status: 503, title: "The service is about to stop" },
  "no-workers": { status: 503, title: "No worker is left to answer viewers" },
  "database-read-only": { status: 503, title: "The database takes no changes" },
  "not-ready": { status: 503, title: "The service has no routing table yet" },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemName = keyof typeof PROBLEMS;

/** Where OpenAPI's description holds {@linkcode PROBLEMS}: the type of a problem leads to its entry there. */
export const PROBLEMS_URI = "/api/v1/openapi.json#/x-problems/";

/** What is wrong with one part of a request: a field of the body, or a parameter of the path, the query or the head. */
export interface FieldProblem {
  /** RFC 6901; empty for the whole body. */
  readonly pointer?: string;
  readonly parameter?: string;
  readonly header?: string;
  readonly detail: string;
}

export interface ProblemOptions {
  readonly errors?: readonly FieldProblem[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** Thrown wherever a request can't be done: the client gets it as problem details (RFC 9457). */
export class Problem extends Error {
  override readonly name = "Problem";

  /** @param detail what is wrong with this request, and what to do about it */
  constructor(readonly problem: ProblemName, readonly detail: string, readonly options: ProblemOptions = {}) {
    super(`${PROBLEMS[problem].title}: ${detail}`);
  }

  toResponse(): Response {
    const { status, title } = PROBLEMS[this.problem];
    const { errors, headers } = this.options;
    const body = { type: PROBLEMS_URI + this.problem, title, status, detail: this.detail, errors };
    return new Response(JSON.stringify(body), {
      status,
      headers: { "Content-Type": "application/problem+json", ...headers },
    });
  }
}

/** The JSON pointer (RFC 6901) to the value that `path` leads to. */
export function jsonPointer(path: readonly PropertyKey[]): string {
  const escape = (name: PropertyKey) => String(name).replaceAll("~", "~0").replaceAll("/", "~1");
  return path.map((name) => `/${escape(name)}`).join("");
}
