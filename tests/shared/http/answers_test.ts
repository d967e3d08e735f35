import assert from "node:assert/strict";
import { Endings, textAnswer } from "../../../src/shared/http/answers.ts";
import { statusLine } from "../../../src/shared/http/status.ts";
import { parted } from "../../support/http/requests.ts";

Deno.test({
  name: "answers: a status that has no phrase here leaves it out, as it may",
  permissions: "none",
  fn() {
    assert.equal(statusLine(301), "HTTP/1.1 301 Moved Permanently\r\n");
    assert.equal(statusLine(299), "HTTP/1.1 299 \r\n");
  },
});

Deno.test({
  name: "answers: a text has its length, of HEAD without it",
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
  name: "answers: what ends a head tells the time, and whether the connection stays",
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
