/**
 * What a client takes, as `Accept` and `Accept-Encoding` say it (RFC 9110, 12.4.2 and 12.5).
 *
 * @module
 */

/** The quality of each name in such a header, from 0 (refused) to 1; parameters other than `q` are passed over. */
export function qualities(value: string): ReadonlyMap<string, number> {
  return new Map(
    value.split(",").map((range) => {
      const [name = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
      const quality = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? "1";
      // What is no number is taken as 1: a client that says too much is better answered than refused.
      return [name, /^(0(\.\d*)?|1(\.0*)?)$/.test(quality) ? Number(quality) : 1];
    }),
  );
}

/** Whether a client takes gzip (RFC 9110, 12.5.3); one that doesn't say gets the bytes as they are. */
export function acceptsGzip(acceptEncoding: string | undefined): boolean {
  const codings = qualities(acceptEncoding ?? "");
  return (codings.get("gzip") ?? codings.get("x-gzip") ?? codings.get("*") ?? 0) > 0;
}
