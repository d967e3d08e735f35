import { acceptsGzip } from "../../shared/http/accept.ts";
import { type Forms, formsOf, streamOf } from "../../shared/http/file_forms.ts";
import { type Conditions, notModified } from "./conditions.ts";

/**
 * A file that is the same for everybody who asks. It is made when it is first asked for; its bytes are kept, as they are
 * and compressed, and every answer is made of these same bytes.
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
      // Another version of the service has other files at the same paths: a client asks, and mostly hears 304.
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
