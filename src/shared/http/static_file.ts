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

/** A file, or that the client has it. */
export interface FileAnswer {
  readonly status: 200 | 304;
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Empty where the client has it. */
  readonly body: Uint8Array<ArrayBuffer>;
}

/** As our own listener sends it. */
export function fullAnswerOf({ status, fields, body }: FileAnswer): FullAnswer<Uint8Array> {
  return { head: statusLine(status) + fields.map(([name, value]) => `${name}: ${value}\r\n`).join(""), body };
}

/**
 * A file that is the same for everybody who asks. Its bytes are made when it is first asked for, and kept as they are
 * and compressed: every answer is made of these same bytes.
 */
export class StaticFile {
  readonly #text: string;
  readonly #fields: FileAnswer["fields"];
  #forms: Promise<Forms> | undefined;

  /** @param contentType without the charset, which is UTF-8. */
  constructor(contentType: string, text: string) {
    this.#text = text;
    this.#fields = [
      ["content-type", `${contentType}; charset=utf-8`],
      // Another version of the service has other files at the same paths: a client asks, and mostly hears 304.
      ["cache-control", "no-cache"],
      ["vary", "accept-encoding"],
      ["content-security-policy", PAGE_POLICY],
      ["cross-origin-resource-policy", "same-origin"],
      ["referrer-policy", "no-referrer"],
      ["x-content-type-options", "nosniff"],
    ];
  }

  async answer({ acceptEncoding, ifNoneMatch }: Wanted): Promise<FileAnswer> {
    this.#forms ??= formsOf(this.#text);
    const { plain, gzip } = await this.#forms;
    const isCompressed = acceptsGzip(acceptEncoding);
    const { bytes, etag } = isCompressed ? gzip : plain;
    const fields = [...this.#fields, ["etag", etag] as const];
    if (matches(ifNoneMatch, etag)) return { status: 304, fields, body: new Uint8Array(0) };
    if (isCompressed) fields.push(["content-encoding", "gzip"]);
    fields.push(["content-length", String(bytes.length)]);
    return { status: 200, fields, body: bytes };
  }
}

/** The weak comparison of RFC 9110, 13.1.2. A list that is none matches nothing: the client then gets the file. */
function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  const tags = ifNoneMatch?.split(",").map((tag) => tag.trim().replace(/^W\//, "")) ?? [];
  return tags.includes(etag) || tags.join() === "*";
}
