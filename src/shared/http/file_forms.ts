/** The same content, as it is or compressed. */
export interface Form {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Strong, so each form has its own (RFC 9110, 8.8.3.3). */
  readonly etag: string;
}

export interface Forms {
  readonly plain: Form;
  readonly gzip: Form;
}

/** A text as it goes out, as it is and compressed, each with its entity tag. */
export async function formsOf(text: string): Promise<Forms> {
  const bytes = new TextEncoder().encode(text);
  const compressed = streamOf(bytes).pipeThrough(new CompressionStream("gzip"));
  return { plain: await formOf(bytes), gzip: await formOf(await new Response(compressed).bytes()) };
}

/** Hands the bytes on themselves: a `Response` of bytes copies them, for each answer anew. */
export function streamOf(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
}

/** 16 bytes of SHA-256. Not by `node:crypto`, which takes 4 MB of memory. */
async function formOf(bytes: Uint8Array<ArrayBuffer>): Promise<Form> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return {
    bytes,
    etag: `"${digest.subarray(0, 16).toBase64({ alphabet: "base64url", omitPadding: true })}"`,
  };
}
