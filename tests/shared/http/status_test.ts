import assert from "node:assert/strict";
import { statusLine } from "../../../src/shared/http/status.ts";

Deno.test({
  name: "status: a status line has the phrase of RFC 9110, or an empty phrase",
  permissions: "none",
  fn() {
    assert.equal(statusLine(301), "HTTP/1.1 301 Moved Permanently\r\n");
    assert.equal(statusLine(308), "HTTP/1.1 308 Permanent Redirect\r\n");
    assert.equal(statusLine(599), "HTTP/1.1 599 \r\n");
  },
});
