/** Every error of the API: its HTTP status, and its title, which is the same for every request. */
export const PROBLEMS = {
  "malformed-json": { status: 400, title: "The body is not JSON" },
  "incomplete-body": { status: 400, title: "The body ended early" },
  "invalid-parameter": { status: 400, title: "A part of the path, the query or a header is invalid" },
  "token-missing": { status: 401, title: "No token was sent" },
  "token-unknown": { status: 401, title: "The token is wrong" },
  "no-tokens": { status: 403, title: "The service has no tokens, so it refuses every call" },
  "token-forbidden": { status: 403, title: "The token does not allow this call" },
  "unknown-path": { status: 404, title: "There is nothing at this path" },
  "unknown-route": { status: 404, title: "There is no route for this cluster" },
  "unknown-destination": { status: 404, title: "The cluster has no such destination" },
  "unknown-override": { status: 404, title: "The destination or server has no override" },
  "unknown-version": { status: 404, title: "The route has no such version" },
  "method-not-allowed": { status: 405, title: "The path does not support this method" },
  "not-acceptable": { status: 406, title: "The client does not accept JSON" },
  "deleted-version": { status: 409, title: "The version has no settings to restore" },
  "precondition-failed": { status: 412, title: "The route is not in the state that the request requires" },
  "body-too-large": { status: 413, title: "The body is too large" },
  "unsupported-media-type": { status: 415, title: "The call does not accept a body of this type" },
  "unknown-host": { status: 421, title: "The Host header does not name this service" },
  "invalid-body": { status: 422, title: "A field of the body is invalid" },
  "too-many-attempts": { status: 429, title: "Too many wrong tokens came from this address" },
  "internal": { status: 500, title: "The request failed in the service" },
  "database-down": { status: 503, title: "The database does not answer" },
  "stopping": { status: 503, title: "The service is stopping" },
  "no-workers": { status: 503, title: "No worker is left to answer viewers" },
  "database-read-only": { status: 503, title: "The database takes no changes" },
  "not-ready": { status: 503, title: "The service has no routes yet" },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemName = keyof typeof PROBLEMS;

/** Where the API's description lists {@linkcode PROBLEMS}. The `type` of a problem refers to its entry. */
export const PROBLEMS_URI = "/api/v1/openapi.json#/x-problems/";

/** What is wrong with one part of a request: a field of the body, a parameter or a header. */
export interface FieldProblem {
  /** A JSON pointer (RFC 6901); empty for the whole body. */
  readonly pointer?: string;
  readonly parameter?: string;
  readonly header?: string;
  readonly detail: string;
}

export interface ProblemOptions {
  readonly errors?: readonly FieldProblem[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** The error of a request. The client gets it as problem details (RFC 9457). */
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

/** Returns the JSON pointer (RFC 6901) to the value at `path`. */
export function jsonPointer(path: readonly PropertyKey[]): string {
  const escape = (name: PropertyKey) => String(name).replaceAll("~", "~0").replaceAll("/", "~1");
  return path.map((name) => `/${escape(name)}`).join("");
}
