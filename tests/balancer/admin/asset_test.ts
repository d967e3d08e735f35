import assert from "node:assert/strict";
import { Asset } from "../../../src/balancer/admin/asset.ts";
import { Problem } from "../../../src/balancer/admin/problems.ts";

const TEXT = "what everybody gets: ä€\u{1f600} ".repeat(1000);

const unzipped = (response: Response): Promise<string> =>
  new Response(response.body!.pipeThrough(new DecompressionStream("gzip"))).text();

Deno.test({
  name: "asset: it is sent compressed to clients that accept gzip, and plain to all others",
  permissions: "none",
  async fn() {
    const asset = new Asset("text/plain", () => TEXT, { "X-Other": "kept" });
    const plain = await asset.answer(undefined, {});
    const gzip = await asset.answer("gzip, deflate, br", {});
    for (const { status, headers } of [plain, gzip]) {
      assert.equal(status, 200);
      assert.deepEqual(
        ["Content-Type", "X-Other", "Vary", "Cache-Control"].map((name) => headers.get(name)),
        ["text/plain", "kept", "Accept-Encoding", "no-cache"],
      );
      assert.match(headers.get("ETag")!, /^"[\w-]{22}"$/);
    }
    assert.deepEqual([plain, gzip].map(({ headers }) => headers.get("Content-Encoding")), [null, "gzip"]);
    assert.notEqual(plain.headers.get("ETag"), gzip.headers.get("ETag"));
    assert.deepEqual([await plain.text(), await unzipped(gzip)], [TEXT, TEXT]);
  },
});

Deno.test({
  name: "asset: a client that has the current form is answered with 304",
  permissions: "none",
  async fn() {
    const asset = new Asset("text/plain", () => TEXT);
    for (const [coding, other] of [["gzip", undefined], [undefined, "gzip"]] as const) {
      const { headers } = await asset.answer(coding, {});
      const tag = headers.get("ETag")!;
      for (const header of [tag, `W/${tag}`, `"other", ${tag}`, "*"]) {
        const answer = await asset.answer(coding, { "If-None-Match": header });
        assert.deepEqual([answer.status, answer.body], [304, null], header);
        assert.deepEqual(
          ["ETag", "Vary", "Cache-Control"].map((name) => answer.headers.get(name)),
          [tag, "Accept-Encoding", "no-cache"],
        );
      }
      assert.equal((await asset.answer(coding, { "If-None-Match": '"other"' })).status, 200);
      assert.equal(
        (await asset.answer(other, { "If-None-Match": tag })).status,
        200,
        "the other form has another ETag",
      );
    }
    await assert.rejects(asset.answer(undefined, { "If-None-Match": "a" }), Problem);
  },
});

Deno.test({
  name: "asset: it is made once, at the first request, and all answers share its bytes",
  permissions: "none",
  async fn() {
    let made = 0;
    const asset = new Asset("text/plain", () => Promise.resolve(`${++made} ${TEXT}`));
    assert.equal(made, 0);
    const answers = await Promise.all(Array.from({ length: 40 }, () => asset.answer("gzip", {})));
    const chunks = await Promise.all(answers.map(async (answer) => await Array.fromAsync(answer.body!)));
    const buffers = new Set(chunks.map(([chunk]) => chunk!.buffer));
    assert.deepEqual([made, buffers.size, chunks.every(({ length }) => length === 1)], [1, 1, true]);
  },
});
