import { acceptsGzip } from "./accept.ts";
import type { FullAnswer } from "./answers.ts";
import { type Forms, formsOf } from "./file_forms.ts";
import { statusLine } from "./status.ts";

/** A page may load and call only its own origin. Inline scripts and styles are forbidden. */
export const PAGE_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The headers of a request that decide the form of the file, and whether the client has it already. */
export interface Wanted {
  readonly acceptEncoding: string | undefined;
  readonly ifNoneMatch: string | undefined;
}

/** The answer to a request for a file: the file, or 304 if the client has it already. */
export interface FileAnswer {
  readonly status: 200 | 304;
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Empty for 304. */
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Converts the answer for the project's own HTTP listener. */
export function fullAnswerOf({ status, fields, body }: FileAnswer): FullAnswer<Uint8Array> {
  return { head: statusLine(status) + fields.map(([name, value]) => `${name}: ${value}\r\n`).join(""), body };
}

/**
 * A file that is the same for every client. Its bytes are made for the first request and then kept, plain and
 * compressed. All answers share these bytes.
 */
export class StaticFile {
  readonly #text: string;
  readonly #fields: FileAnswer["fields"];
  #forms: Promise<Forms> | undefined;

  /** @param contentType without the charset, which is always UTF-8 */
  constructor(contentType: string, text: string) {
    this.#text = text;
    this.#fields = [
      ["content-type", `${contentType}; charset=utf-8`],
      // Another version of the service has other files at the same paths, so clients must revalidate.
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

/** Compares weakly (RFC 9110, 13.1.2). A malformed list matches nothing, so that the client gets the file. */
function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  const tags = ifNoneMatch?.split(",").map((tag) => tag.trim().replace(/^W\//, "")) ?? [];
  return tags.includes(etag) || tags.join() === "*";
}
