import { acceptsGzip } from "./accept.ts";
import type { FullAnswer } from "./answers.ts";
import { type Forms, formsOf } from "./file_forms.ts";
import { statusLine } from "./status.ts";

/** A page runs what its own origin serves, and talks to that alone. Nothing stands in the page itself. */
export const PAGE_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** What a request says of the form and the version that its client wants. */
export interface Wanted {
  readonly acceptEncoding: string | undefined;
  readonly ifNoneMatch: string | undefined;
}

/**
 * A file that is the same for everybody who asks. Its bytes are made when it is first asked for, and kept as they are
 * and compressed: every answer is made of these same bytes.
 */
export class StaticFile {
  readonly #text: string;
  readonly #fields: string;
  #forms: Promise<Forms> | undefined;

  /** @param contentType without the charset, which is UTF-8. */
  constructor(contentType: string, text: string) {
    this.#text = text;
    this.#fields = [
      `content-type: ${contentType}; charset=utf-8`,
      // Another version of the service has other files at the same paths: a client asks, and mostly hears 304.
      "cache-control: no-cache",
      "vary: accept-encoding",
      `content-security-policy: ${PAGE_POLICY}`,
      "cross-origin-resource-policy: same-origin",
      "referrer-policy: no-referrer",
      "x-content-type-options: nosniff",
    ].map((field) => `${field}\r\n`).join("");
  }

  async answer({ acceptEncoding, ifNoneMatch }: Wanted): Promise<FullAnswer<Uint8Array>> {
    this.#forms ??= formsOf(this.#text);
    const { plain, gzip } = await this.#forms;
    const isCompressed = acceptsGzip(acceptEncoding);
    const { bytes, etag } = isCompressed ? gzip : plain;
    const fields = `${this.#fields}etag: ${etag}\r\n`;
    if (matches(ifNoneMatch, etag)) return { head: statusLine(304) + fields, body: new Uint8Array(0) };
    const coding = isCompressed ? "content-encoding: gzip\r\n" : "";
    return { head: `${statusLine(200)}${fields}${coding}content-length: ${bytes.length}\r\n`, body: bytes };
  }
}

/** The weak comparison of RFC 9110, 13.1.2. A list that is none matches nothing: the client then gets the file. */
function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  const tags = ifNoneMatch?.split(",").map((tag) => tag.trim().replace(/^W\//, "")) ?? [];
  return tags.includes(etag) || tags.join() === "*";
}
