import assert from "node:assert/strict";
import { formsOf, streamOf } from "../../../src/shared/http/file_forms.ts";

Deno.test({
  name:
    "file forms: a text is kept plain and gzipped, and each form has an etag that depends on its bytes alone",
  permissions: "none",
  async fn() {
    const text = "what everybody gets: ä€\u{1f600} ".repeat(100);
    const [{ plain, gzip }, again, other] = await Promise.all([formsOf(text), formsOf(text), formsOf("b")]);
    assert.equal(new TextDecoder().decode(plain.bytes), text);
    const unzipped = streamOf(gzip.bytes).pipeThrough(new DecompressionStream("gzip"));
    assert.equal(await new Response(unzipped).text(), text);
    for (const { etag } of [plain, gzip]) assert.match(etag, /^"[\w-]{22}"$/);
    assert.notEqual(plain.etag, gzip.etag);
    assert.deepEqual([again.plain.etag, again.gzip.etag], [plain.etag, gzip.etag]);
    assert.notEqual(other.plain.etag, plain.etag);
  },
});
