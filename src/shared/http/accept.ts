/**
 * Parses what a client accepts, from `Accept` and `Accept-Encoding` (RFC 9110, 12.4.2 and 12.5).
 *
 * @module
 */

/** Returns the quality of each name in the header, from 0 (refused) to 1. Ignores all parameters but `q`. */
export function qualities(value: string): ReadonlyMap<string, number> {
  return new Map(
    value.split(",").map((range) => {
      const [name = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
      const quality = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? "1";
      // A malformed quality counts as 1: it is better to answer the client than to refuse it.
      return [name, /^(0(\.\d*)?|1(\.0*)?)$/.test(quality) ? Number(quality) : 1];
    }),
  );
}

/** Whether the client accepts gzip (RFC 9110, 12.5.3); not if it sends no `Accept-Encoding`. */
export function acceptsGzip(acceptEncoding: string | undefined): boolean {
  const codings = qualities(acceptEncoding ?? "");
  return (codings.get("gzip") ?? codings.get("x-gzip") ?? codings.get("*") ?? 0) > 0;
}
