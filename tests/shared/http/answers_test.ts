import assert from "node:assert/strict";
import { Endings, textAnswer } from "../../../src/shared/http/answers.ts";
import { statusLine } from "../../../src/shared/http/status.ts";
import { parted } from "../../support/http/requests.ts";

Deno.test({
  name: "answers: a status without a known phrase gets an empty one, which RFC 9112 (section 4) permits",
  permissions: "none",
  fn() {
    assert.equal(statusLine(301), "HTTP/1.1 301 Moved Permanently\r\n");
    assert.equal(statusLine(299), "HTTP/1.1 299 \r\n");
  },
});

Deno.test({
  name: "answers: a text is sent with its length; for HEAD, only the length is sent",
  permissions: "none",
  fn() {
    const { status, headers, body } = parted(textAnswer(400, "no", ["allow: GET"]));
    assert.deepEqual([status, headers.get("content-length"), headers.get("allow"), body], [
      400,
      "3",
      "GET",
      "no\n",
    ]);
    const ofHead = parted(textAnswer(400, "no", [], true));
    assert.deepEqual([ofHead.headers.get("content-length"), ofHead.body], ["3", ""]);
  },
});

Deno.test({
  name: "answers: a head ends with the date, and with whether the connection is kept alive",
  permissions: "none",
  fn() {
    const endings = new Endings();
    endings.setTime(1_795_304_533_999);
    const date = "date: Sat, 21 Nov 2026 23:42:13 GMT\r\n";
    assert.deepEqual([endings.open, endings.openOld, endings.closed], [
      `${date}\r\n`,
      `${date}connection: keep-alive\r\n\r\n`,
      `${date}connection: close\r\n\r\n`,
    ]);
    endings.setTime(1_795_304_534_000);
    assert.match(endings.open, /23:42:14/);
  },
});
