import type { MiddlewareHandler } from "hono";
import { qualities } from "../../shared/http/accept.ts";
import { type FieldProblem, jsonPointer, Problem } from "./problems.ts";
import { routeSchema, settingsSchema } from "./schemas.ts";
import type { z } from "@hono/zod-openapi";

/** A route takes some 600 bytes, one with as many CDNs and checks as can be 40,000; the rest is for white space. */
export const BODY_BYTES_MAX = 65_536;

/**
 * Reads the body of a call that takes JSON, before its schema does.
 *
 * @throws {Problem} where it is of another type, too large, broken off, or not JSON.
 */
export function jsonBody(...mediaTypes: readonly string[]): MiddlewareHandler {
  return async (context, next) => {
    const { raw } = context.req;
    checkType(raw.headers, mediaTypes);
    const body = decode(await readBytes(raw.body));
    const headers = new Headers(raw.headers);
    // The type as the schema's reader knows it, whatever its case and parameters were.
    headers.set("Content-Type", "application/json");
    // Not a copy: a Host can make a URL that Request refuses, and the copy's signal makes Deno.serve warn.
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
    ? `send the body as ${wanted}, and say so in Content-Type`
    : "send the body without a Content-Encoding";
  throw new Problem("unsupported-media-type", detail, {
    headers: { Accept: mediaTypes.join(", "), "Accept-Encoding": "identity" },
  });
}

/** `application/json` of `Application/JSON; charset=utf-8`. */
const mediaType = (value: string): string => value.replace(/;.*/s, "").trim().toLowerCase();

/** Counts what comes: what Content-Length says of it is the client's word. */
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
    const reason = error instanceof SyntaxError ? error.message : "it is not UTF-8";
    throw new Problem("malformed-json", bytes.length === 0 ? "send a JSON object as the body" : reason, {
      errors: [{ pointer: "", detail: "not JSON" }],
    });
  }
}

/** Refuses a client that would not take JSON (RFC 9110, 12.5.1). */
export const answersJson: MiddlewareHandler = async (context, next) => {
  if (!acceptsJson(context.req.header("Accept"))) {
    throw new Problem("not-acceptable", "accept application/json: the API answers with nothing else");
  }
  await next();
};

/** Whether the most specific range that covers JSON has a quality above 0. */
export function acceptsJson(accept: string | undefined): boolean {
  if (accept === undefined || accept.trim() === "") return true;
  const types = qualities(accept);
  return (types.get("application/json") ?? types.get("application/*") ?? types.get("*/*") ?? 0) > 0;
}

/** What a validator of hono looked at: the body, or a part of the head. */
type Target = "json" | "query" | "param" | "header" | "cookie" | "form";

/** The refusal of a request that its schema does not fit, field by field. */
export function invalid(error: z.ZodError, target: Target): Problem {
  const errors = fieldProblems(error, target);
  const detail = errors.map(({ pointer, parameter, header, detail }) => {
    const where = pointer ?? parameter ?? header;
    return where ? `${where}: ${detail}` : detail;
  }).join("; ");
  return new Problem(target === "json" ? "invalid-body" : "invalid-parameter", detail, { errors });
}

/** One entry for each field: the first thing that is wrong with it. */
export function fieldProblems(error: z.ZodError, target: Target): FieldProblem[] {
  const found = new Map<string, FieldProblem>();
  for (const { path, detail } of error.issues.flatMap(spread)) {
    const at = target === "json" ? jsonPointer(path) : path.map(String).join(".");
    const key = target === "json" ? "pointer" : target === "header" ? "header" : "parameter";
    if (!found.has(at)) found.set(at, { [key]: at, detail });
  }
  return [...found.values()];
}

/** The names that an answer holds and a request does not. */
const READ_ONLY = new Set(
  Object.keys(routeSchema.shape).filter((name) => !Object.hasOwn(settingsSchema.shape, name)),
);

/** An unknown field is reported where it is, not at the object that holds it. */
function spread(issue: z.core.$ZodIssue): { path: PropertyKey[]; detail: string }[] {
  if (issue.code !== "unrecognized_keys") return [{ path: issue.path, detail: issue.message }];
  return issue.keys.map((key) => ({
    path: [...issue.path, key],
    detail: READ_ONLY.has(key)
      ? "set by the service: leave it out"
      : "there is no such field: leave it out, or correct its name",
  }));
}
