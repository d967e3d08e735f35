import assert from "node:assert/strict";
import { fullAnswerOf, PAGE_POLICY, StaticFile } from "../../../src/shared/http/static_file.ts";

const fieldOf = (head: string, name: string) => new RegExp(`^${name}: (.*)\r$`, "m").exec(head)?.[1];
const ask = async (file: StaticFile, acceptEncoding?: string, ifNoneMatch?: string) =>
  fullAnswerOf(await file.answer({ acceptEncoding, ifNoneMatch }));

Deno.test({
  name:
    "static file: the client gets the form it accepts with the content policy, and all answers share the bytes",
  permissions: "none",
  async fn() {
    const file = new StaticFile("text/css", "a {}\n".repeat(200));
    const plain = await ask(file);
    assert.match(plain.head, /^HTTP\/1\.1 200 OK\r\ncontent-type: text\/css; charset=utf-8\r\n/);
    assert.equal(fieldOf(plain.head, "content-length"), "1000");
    assert.equal(fieldOf(plain.head, "content-security-policy"), PAGE_POLICY);
    assert.equal(fieldOf(plain.head, "x-content-type-options"), "nosniff");
    assert.equal((await ask(file)).body, plain.body);
    const gzip = await ask(file, "gzip");
    assert.equal(fieldOf(gzip.head, "content-encoding"), "gzip");
    assert.equal(fieldOf(gzip.head, "vary"), "accept-encoding");
    assert.ok(gzip.body.length < 100);
  },
});

Deno.test({
  name: "static file: a matching If-None-Match is answered with 304, and any other with the file",
  permissions: "none",
  async fn() {
    const file = new StaticFile("text/plain", "text");
    const tag = fieldOf((await ask(file)).head, "etag")!;
    const gzipTag = fieldOf((await ask(file, "gzip")).head, "etag")!;
    for (const header of [tag, `W/${tag}`, `"other", ${tag}`, "*"]) {
      const { head, body } = await ask(file, undefined, header);
      assert.match(head, /^HTTP\/1\.1 304 /, header);
      assert.equal(body.length, 0);
      assert.equal(fieldOf(head, "etag"), tag);
    }
    for (const header of ["", '"other"', gzipTag, "nonsense", "*, x"]) {
      assert.match((await ask(file, undefined, header)).head, /^HTTP\/1\.1 200 /, header);
    }
  },
});

Deno.test({
  name: "static file: the content policy allows nothing inline and nothing from other hosts",
  permissions: "none",
  fn() {
    assert.match(PAGE_POLICY, /^default-src 'none';/);
    assert.doesNotMatch(PAGE_POLICY, /unsafe|https?:|\*|data:/);
  },
});
