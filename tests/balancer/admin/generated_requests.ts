/** Random requests to the admin API for fast-check, valid and damaged, made from the API's description. */
import fc from "fast-check";
import type { CallOptions } from "../../support/http/admin_client.ts";

/** The part of an OpenAPI schema that the description uses. */
interface Schema {
  $ref?: string;
  type?: string | string[];
  properties?: Record<string, Schema>;
  required?: string[];
  minimum?: number;
  maximum?: number;
  items?: Schema;
  pattern?: string;
  enum?: unknown[];
  example?: unknown;
}
interface Operation {
  parameters?: { name: string; in: "path" | "query" | "header"; schema: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, unknown>;
}
export interface Description {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

export interface GeneratedRequest {
  /** Method and target, such as `PUT /api/v1/routes/origin-cluster`. */
  readonly line: string;
  readonly options: CallOptions;
  /**
   * The statuses that the description allows for this request; undefined if it does not describe the request.
   */
  readonly statuses: readonly string[] | undefined;
}

/** The characters that `Headers` accepts in a value: no line ends, and none beyond one byte. */
const headerValue = fc.string({
  unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
})
  .map((value) => value.replaceAll("\x7f", ""));

const segment = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("a", "b.example", "Origin-Cluster", "%61", "a%2eb") },
  { weight: 1, arbitrary: fc.string().map(encodeURIComponent) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "%",
      "%zz",
      "%2f",
      "%00",
      "%ff",
      "%25",
      ".%2e",
      "-",
      "a..b",
      "__proto__",
      "*",
      "{cluster}",
    ),
  },
);

const tag = fc.oneof(
  fc.nat(9).map((version) => `"${version}"`),
  fc.constantFrom("*", 'W/"1"', '"1","2"', '"'),
);

/** Values that the schema accepts, among them its limits. */
function valueOf(schema: Schema, { components }: Description): fc.Arbitrary<unknown> {
  const name = schema.$ref?.split("/").at(-1);
  const found = name ? components.schemas[name]! : schema;
  const some = fc.oneof(...choicesOf(found, { components, paths: {} }));
  return [found.type].flat().includes("null")
    ? fc.oneof({ weight: 4, arbitrary: some }, { weight: 1, arbitrary: fc.constant(null) })
    : some;
}

function choicesOf(schema: Schema, description: Description): fc.Arbitrary<unknown>[] {
  const { type, properties, items, pattern, required = [], minimum = 0, maximum = 99, example } = schema;
  if (properties !== undefined) return [objectOf(properties, required, description)];
  if (items !== undefined) return [fc.array(valueOf(items, description), { maxLength: 2 })];
  if (schema.enum !== undefined) return [fc.constantFrom(...schema.enum)];
  const types = [type].flat();
  if (types.includes("boolean")) return [fc.boolean()];
  if (types.includes("integer")) {
    const small = fc.integer({ min: minimum, max: Math.min(maximum, minimum + 9) });
    return [fc.oneof({ weight: 4, arbitrary: small }, fc.constantFrom(minimum, maximum))];
  }
  if (types.includes("number")) return [fc.constantFrom(minimum, maximum, (minimum + maximum) / 2)];
  if (pattern !== undefined) return [fc.constantFrom(example, "a", "b", "c", "-")];
  return [fc.oneof({ weight: 6, arbitrary: fc.constant(example ?? "a") }, fc.webUrl(), fc.domain())];
}

/**
 * Objects of a schema. Most have the required properties and up to two more, since few properties are more
 * often valid together; some have all properties.
 */
function objectOf(
  properties: Record<string, Schema>,
  required: string[],
  description: Description,
): fc.Arbitrary<unknown> {
  const fields = Object.fromEntries(
    Object.entries(properties).map(([key, field]) => [key, valueOf(field, description)]),
  );
  const names = Object.keys(fields);
  const few = fc.subarray(names, { maxLength: Math.min(2, names.length) }).map((some) =>
    new Set([...some, ...required])
  );
  // The short form of a CDN consists of both properties, so they are chosen together or not at all.
  const short = ["cdn_host", "cdn_weight"].filter((key) => names.includes(key));
  const chosen = fc.oneof(
    { weight: 3, arbitrary: few.map((some) => new Set([...some, ...short])) },
    { weight: 2, arbitrary: few.map((some) => new Set([...some, "cdns"]).difference(new Set(short))) },
    { weight: 1, arbitrary: fc.constant(new Set(names)) },
  );
  return fc.tuple(chosen, fc.record(fields)).map(([some, all]) =>
    Object.fromEntries(Object.entries(all).filter(([key]) => some.has(key)))
  );
}

/** JSON bodies: valid, with a wrong or unknown field, cut short, or with unrelated content. */
function bodyOf(schema: Schema, description: Description): fc.Arbitrary<string | Uint8Array> {
  const whole = valueOf(schema, description);
  const names = [
    "cdn_host",
    "cdn_weight",
    "origin_weight",
    "cdns",
    "origin_check",
    "status",
    "version",
    "__proto__",
  ];
  const damaged = fc.tuple(whole, fc.oneof(fc.constantFrom(...names), fc.string()), fc.jsonValue()).map(
    ([body, name, value]) => ({ ...body as object, [name]: value }),
  );
  const text = whole.map((body) => JSON.stringify(body));
  return fc.oneof(
    { weight: 6, arbitrary: text },
    { weight: 3, arbitrary: damaged.map((body) => JSON.stringify(body)) },
    { weight: 1, arbitrary: fc.json() },
    { weight: 1, arbitrary: fc.tuple(text, fc.nat(99)).map(([body, end]) => body.slice(0, end)) },
    { weight: 1, arbitrary: fc.uint8Array() },
  );
}

const extraHeaders = fc.dictionary(
  fc.constantFrom(
    "Accept",
    "Content-Type",
    "Content-Encoding",
    "Authorization",
    "If-Match",
    "If-None-Match",
    "Host",
  ),
  headerValue,
  { maxKeys: 1 },
);

/** Requests for every operation of the description. */
export function generatedRequests(description: Description): fc.Arbitrary<GeneratedRequest> {
  const operations = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) =>
      generatedRequest(description, path, method, operation)
    )
  );
  return fc.oneof(...operations);
}

function generatedRequest(
  description: Description,
  path: string,
  method: string,
  operation: Operation,
): fc.Arbitrary<GeneratedRequest> {
  const { parameters = [], requestBody, responses } = operation;
  const queryFields = parameters.filter((parameter) => parameter.in === "query").map(({ name, schema }) => [
    name,
    fc.oneof({ weight: 3, arbitrary: valueOf(schema, description) }, fc.string()),
  ]);
  const [contentType, content] = Object.entries(requestBody?.content ?? {}).at(-1) ?? [];
  const takesConditions = parameters.some((parameter) => parameter.in === "header");
  return fc.record({
    usedMethod: fc.oneof(
      { weight: 12, arbitrary: fc.constant(method.toUpperCase()) },
      fc.constantFrom("GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS", "PURGE"),
    ),
    name: segment,
    query: fc.record(Object.fromEntries(queryFields), { requiredKeys: [] }),
    tail: fc.oneof(
      { weight: 12, arbitrary: fc.constant("") },
      fc.constantFrom("?", "?x=1", "?limit=1&limit=2", "/", "//x", "%00"),
    ),
    conditions: fc.dictionary(fc.constantFrom("If-Match", "If-None-Match"), tag, {
      maxKeys: takesConditions ? 1 : 0,
    }),
    extra: fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, extraHeaders),
    body: content ? bodyOf(content.schema, description) : fc.constant(undefined),
  }).map(({ usedMethod, name, query, tail, conditions, extra, body }) => {
    const search = new URLSearchParams(Object.entries(query).map(([key, value]) => [key, String(value)]));
    const target = path.replaceAll(/\{\w+\}/g, () => name) + (search.size > 0 ? `?${search}` : tail);
    const takesBody = usedMethod !== "GET" && usedMethod !== "HEAD" && body !== undefined;
    const headers = { ...takesBody && { "Content-Type": contentType! }, ...conditions, ...extra };
    const isDescribed = usedMethod === method.toUpperCase() && !/^[/%]/.test(tail) &&
      !/^(%2e|\.)*$/i.test(name);
    return {
      line: `${usedMethod} ${target}`,
      options: { headers, ...takesBody && { body } },
      statuses: isDescribed ? Object.keys(responses) : undefined,
    };
  });
}
