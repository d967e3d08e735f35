import { acceptsGzip } from "../../shared/http/accept.ts";
import { type Forms, formsOf, streamOf } from "../../shared/http/file_forms.ts";
import { type Conditions, notModified } from "./conditions.ts";

/**
 * A file that is the same for every client. Its content is generated for the first request and then kept,
 * plain and compressed. All answers share these bytes.
 */
export class Asset {
  readonly #headers: Readonly<Record<string, string>>;
  readonly #make: () => string | Promise<string>;
  #forms: Promise<Forms> | undefined;

  constructor(
    contentType: string,
    make: () => string | Promise<string>,
    headers: Readonly<Record<string, string>> = {},
  ) {
    this.#make = make;
    this.#headers = {
      ...headers,
      "Content-Type": contentType,
      // Another version of the service has other files at the same paths, so clients must revalidate.
      "Cache-Control": "no-cache",
      "Vary": "Accept-Encoding",
    };
  }

  /** @throws {Problem} If-None-Match is not a list of entity tags. */
  async answer(acceptEncoding: string | undefined, conditions: Conditions): Promise<Response> {
    this.#forms ??= Promise.resolve(this.#make()).then(formsOf);
    const { plain, gzip } = await this.#forms;
    const { bytes, etag } = acceptsGzip(acceptEncoding) ? gzip : plain;
    const headers = { ...this.#headers, ETag: etag };
    if (notModified(conditions, etag)) return new Response(null, { status: 304, headers });
    return new Response(streamOf(bytes), {
      headers: bytes === gzip.bytes ? { ...headers, "Content-Encoding": "gzip" } : headers,
    });
  }
}
