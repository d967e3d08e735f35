import assert from "node:assert/strict";
import { statusLine } from "../../../src/shared/http/status.ts";
import * as refusals from "../../../src/shared/http/refusals.ts";

Deno.test({
  name:
    "refusals: each has a unique id and reason, in one line of printable ASCII, and a status with a phrase",
  permissions: "none",
  fn() {
    const all = Object.values(refusals).filter((value) => typeof value === "object" && "reason" in value);
    assert.ok(all.length > 15);
    for (const { status, id, reason } of all) {
      assert.match(id, /^[a-z]+(-[a-z]+)*$/);
      assert.match(reason, /^[\x20-\x7e]+[^.]$/);
      assert.match(statusLine(status), /^HTTP\/1\.1 [45]\d\d [A-Z][A-Za-z -]+\r\n$/);
    }
    assert.equal(new Set(all.map(({ reason }) => reason)).size, all.length);
    assert.equal(new Set(all.map(({ id }) => id)).size, all.length);
    // The parser of heads can refuse for all reasons but one: only an exchange, which reads bodies, refuses
    // chunks.
    assert.deepEqual(all.filter((refusal) => !refusals.HEAD_REFUSALS.includes(refusal)), [
      refusals.LENGTH_REQUIRED,
    ]);
  },
});

Deno.test({
  name: "refusals: the longest accepted head fits into a connection's buffer",
  permissions: "none",
  fn() {
    const { HEAD_BYTES_MAX, LINE_BYTES_MAX, SECTION_BYTES_MAX, TARGET_BYTES_MAX } = refusals;
    assert.ok(LINE_BYTES_MAX >= "OPTIONS  HTTP/1.1\r\n".length + TARGET_BYTES_MAX);
    assert.ok(HEAD_BYTES_MAX >= "\r\n".length + LINE_BYTES_MAX + SECTION_BYTES_MAX);
  },
});
