import { createHash } from "node:crypto";
import { type Conditions, notModified } from "./conditions.ts";
import { accepted } from "./requests.ts";

/** The same content, as it is or compressed. */
interface Form {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Strong, so each form has its own (RFC 9110, 8.8.3.3). */
  readonly etag: string;
}

/**
 * A file that is the same for everybody who asks. It is made when it is first asked for; its bytes are kept, as they are
 * and compressed, and every answer is made of these same bytes.
 */
export class Asset {
  readonly #headers: Readonly<Record<string, string>>;
  readonly #make: () => string | Promise<string>;
  #forms: Promise<{ plain: Form; gzip: Form }> | undefined;

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
    this.#forms ??= formsOf(this.#make);
    const { plain, gzip } = await this.#forms;
    const { bytes, etag } = acceptsGzip(acceptEncoding) ? gzip : plain;
    const headers = { ...this.#headers, ETag: etag };
    if (notModified(conditions, etag)) return new Response(null, { status: 304, headers });
    return new Response(streamOf(bytes), {
      headers: bytes === gzip.bytes ? { ...headers, "Content-Encoding": "gzip" } : headers,
    });
  }
}

async function formsOf(make: () => string | Promise<string>): Promise<{ plain: Form; gzip: Form }> {
  const bytes = new TextEncoder().encode(await make());
  const compressed = streamOf(bytes).pipeThrough(new CompressionStream("gzip"));
  return { plain: formOf(bytes), gzip: formOf(await new Response(compressed).bytes()) };
}

function formOf(bytes: Uint8Array<ArrayBuffer>): Form {
  return { bytes, etag: `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"` };
}

/** Hands the bytes on themselves: a `Response` of bytes copies them, for each answer anew. */
function streamOf(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
}

/** Whether a client takes gzip (RFC 9110, 12.5.3); one that doesn't say gets the bytes as they are. */
export function acceptsGzip(acceptEncoding: string | undefined): boolean {
  const codings = accepted(acceptEncoding ?? "");
  return codings.get("gzip") ?? codings.get("x-gzip") ?? codings.get("*") ?? false;
}
