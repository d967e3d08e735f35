import type { MiddlewareHandler } from "hono";
import { qualities } from "../../shared/http/accept.ts";
import { type FieldProblem, jsonPointer, Problem } from "./problems.ts";
import { routeSchema, settingsSchema } from "./schemas.ts";
import type { z } from "@hono/zod-openapi";

/**
 * The longest body of a request, in bytes. A usual route takes about 600 bytes, a route with the most CDNs
 * and checks about 40,000. The rest is room for white space.
 */
export const BODY_BYTES_MAX = 65_536;

/**
 * Reads and checks a JSON body before the validator of the schema does.
 *
 * @throws {Problem} The body has another type, is too large, ends early, or is not JSON.
 */
export function jsonBody(...mediaTypes: readonly string[]): MiddlewareHandler {
  return async (context, next) => {
    const { raw } = context.req;
    checkType(raw.headers, mediaTypes);
    const body = decode(await readBytes(raw.body));
    const headers = new Headers(raw.headers);
    // The validator takes JSON of this exact type only.
    headers.set("Content-Type", "application/json");
    // Only the query of the URL is still needed: hono has already matched the path.
    const query = raw.url.replace(/^[^?]*/, "");
    context.req.raw = new Request(`http://localhost/${query}`, { method: raw.method, headers, body });
    await next();
  };
}

function checkType(headers: Headers, mediaTypes: readonly string[]): void {
  const given = mediaType(headers.get("Content-Type") ?? "");
  const coding = headers.get("Content-Encoding")?.trim().toLowerCase() ?? "identity";
  if (mediaTypes.includes(given) && coding === "identity") return;
  const wanted = mediaTypes.join(" or ");
  const detail = coding === "identity"
    ? `send the body as ${wanted}, with this Content-Type`
    : "send the body without Content-Encoding";
  throw new Problem("unsupported-media-type", detail, {
    headers: { Accept: mediaTypes.join(", "), "Accept-Encoding": "identity" },
  });
}

/** Strips parameters and case: `application/json` for `Application/JSON; charset=utf-8`. */
const mediaType = (value: string): string => value.replace(/;.*/s, "").trim().toLowerCase();

/** Reads the whole body. Counts the bytes itself, because a client may send a wrong Content-Length. */
async function readBytes(body: ReadableStream<Uint8Array> | null): Promise<Uint8Array> {
  const bytes = new Uint8Array(BODY_BYTES_MAX);
  let length = 0;
  try {
    for await (const chunk of body ?? []) {
      if (length + chunk.length > bytes.length) {
        throw new Problem("body-too-large", `send at most ${BODY_BYTES_MAX} bytes`);
      }
      bytes.set(chunk, length);
      length += chunk.length;
    }
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem("incomplete-body", "send the whole body");
  }
  return bytes.subarray(0, length);
}

function decode(bytes: Uint8Array): string {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    JSON.parse(text);
    return text;
  } catch (error) {
    const reason = error instanceof SyntaxError ? error.message : "send it in UTF-8";
    throw new Problem("malformed-json", bytes.length === 0 ? "send a JSON object as the body" : reason, {
      errors: [{ pointer: "", detail: "this is not JSON" }],
    });
  }
}

/** Refuses a client that does not accept JSON (RFC 9110, 12.5.1). */
export const answersJson: MiddlewareHandler = async (context, next) => {
  if (!acceptsJson(context.req.header("Accept"))) {
    throw new Problem("not-acceptable", "send Accept: application/json, the only format of the API");
  }
  await next();
};

/** Whether `Accept` allows JSON: the most specific range that covers JSON must have a quality above 0. */
export function acceptsJson(accept: string | undefined): boolean {
  if (accept === undefined || accept.trim() === "") return true;
  const types = qualities(accept);
  return (types.get("application/json") ?? types.get("application/*") ?? types.get("*/*") ?? 0) > 0;
}

/** The part of a request that a validator of hono checks. */
type Target = "json" | "query" | "param" | "header" | "cookie" | "form";

/** Returns the problem of a request that does not fit its schema, with an entry for each wrong field. */
export function invalid(error: z.ZodError, target: Target): Problem {
  const errors = fieldProblems(error, target);
  const detail = errors.map(({ pointer, parameter, header, detail }) => {
    const where = pointer ?? parameter ?? header;
    return where ? `${where}: ${detail}` : detail;
  }).join("; ");
  return new Problem(target === "json" ? "invalid-body" : "invalid-parameter", detail, { errors });
}

/** Returns one entry for each wrong field: the first error found in that field. */
export function fieldProblems(error: z.ZodError, target: Target): FieldProblem[] {
  const found = new Map<string, FieldProblem>();
  for (const { path, detail } of error.issues.flatMap(spread)) {
    const at = target === "json" ? jsonPointer(path) : path.map(String).join(".");
    const key = target === "json" ? "pointer" : target === "header" ? "header" : "parameter";
    if (!found.has(at)) found.set(at, { [key]: at, detail });
  }
  return [...found.values()];
}

/** The fields that an answer contains, and a request must not. */
const READ_ONLY = new Set(
  Object.keys(routeSchema.shape).filter((name) => !Object.hasOwn(settingsSchema.shape, name)),
);

/** Reports an unknown field by its own path. zod reports the path of the object that contains the field. */
function spread(issue: z.core.$ZodIssue): { path: PropertyKey[]; detail: string }[] {
  if (issue.code !== "unrecognized_keys") return [{ path: issue.path, detail: issue.message }];
  return issue.keys.map((key) => ({
    path: [...issue.path, key],
    detail: READ_ONLY.has(key)
      ? "only the service sets this field: leave it out"
      : "there is no such field: remove it, or correct its name",
  }));
}
