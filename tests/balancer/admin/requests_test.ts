import assert from "node:assert/strict";
import { acceptsJson, BODY_BYTES_MAX } from "../../../src/balancer/admin/requests.ts";
import { adminClient, ONE, SETTINGS } from "../../support/http/admin_client.ts";
import { MemoryStore } from "../../support/database/memory_store.ts";

Deno.test({
  name: "requests: the most specific range of Accept decides",
  permissions: "none",
  fn() {
    const table: [accept: string | undefined, accepted: boolean][] = [
      [undefined, true],
      ["", true],
      ["*/*", true],
      ["application/*", true],
      ["application/json", true],
      ["Application/JSON; charset=utf-8", true],
      ["text/html, application/xhtml+xml, */*;q=0.8", true],
      ["text/html, application/json;q=0.001", true],
      ["application/*;q=0, application/json", true],
      ["application/json;q=high", true],
      ["text/html", false],
      ["text/*", false],
      ["application/xml, text/plain", false],
      ["application/problem+json", false],
      ["application/json;q=0", false],
      ["application/json; q=0.000, */*", false],
      ["application/*;q=0.0, */*;q=1", false],
      ["json", false],
      [";;,,", false],
    ];
    for (const [accept, accepted] of table) assert.equal(acceptsJson(accept), accepted, accept);
  },
});

/** Makes a body of pieces, and counts how many pieces were read. */
function streamOf(
  pieceBytes: number,
  pieces: number,
): { body: ReadableStream<Uint8Array>; asked: () => number } {
  let asked = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (asked++ === pieces) controller.close();
      else controller.enqueue(new Uint8Array(pieceBytes).fill(0x20));
    },
  }, { highWaterMark: 0 });
  return { body, asked: () => asked };
}

Deno.test({
  name: "requests: a body is read up to the limit, whatever its Content-Length says",
  permissions: "none",
  async fn() {
    const { call } = adminClient({ store: new MemoryStore() });
    const json = JSON.stringify(SETTINGS);
    const padded = json.padEnd(BODY_BYTES_MAX, " ");
    assert.equal((await call(`PUT ${ONE}`, { body: padded })).status, 201);
    assert.equal((await call(`PUT ${ONE}`, { body: `${padded} ` })).status, 413);
    const endless = streamOf(1000, Infinity);
    const headers = { "Content-Length": "10" };
    assert.equal((await call(`PUT ${ONE}`, { body: endless.body, headers })).status, 413);
    assert.equal(endless.asked(), Math.ceil(BODY_BYTES_MAX / 1000));
    assert.equal((await call(`PUT ${ONE}`, { body: streamOf(1024, 64).body })).status, 400);
  },
});

Deno.test({
  name: "requests: a body that is not complete JSON in UTF-8 is refused",
  permissions: "none",
  async fn() {
    const { call } = adminClient({ store: new MemoryStore() });
    const json = JSON.stringify(SETTINGS);
    const broken = new ReadableStream({ pull: (controller) => controller.error(new Error("reset by peer")) });
    const bodies: (string | Uint8Array | ReadableStream)[] = [
      "",
      " ",
      json.slice(0, -1),
      `${json}}`,
      `${json}${json}`,
      `[${json},]`,
      json.replaceAll('"', "'"),
      `// a\n${json}`,
      json.replace("9", "09"),
      json.replace("9", "NaN"),
      json.replace("9", "0x9"),
      json.replace("cdn.", "cdn.\n"),
      "[".repeat(60_000),
      new Uint8Array([0xff]),
      new Uint8Array([0x22, 0xc3, 0x28, 0x22]),
      new Uint8Array([0x22, 0xed, 0xa0, 0x80, 0x22]),
      new Uint8Array(100),
      broken,
    ];
    for (const body of bodies) {
      for (const method of ["PUT", "PATCH"]) {
        assert.equal((await call(`${method} ${ONE}`, { body })).status, 400, `${method} ${body}`);
        if (body instanceof ReadableStream) break;
      }
    }
    // The nesting is so deep that recursive code would overflow the stack.
    const nested = `${"[".repeat(30_000)}${"]".repeat(30_000)}`;
    assert.equal((await call(`PUT ${ONE}`, { body: nested })).status, 422);
    assert.equal((await call(`PUT ${ONE}`, { body: `{"cdn_host":${nested}}` })).status, 422);
  },
});

Deno.test({
  name: "requests: a body of another type or coding is refused, and the answer says which are accepted",
  permissions: "none",
  async fn() {
    const { call } = adminClient({ store: new MemoryStore() });
    const body = JSON.stringify(SETTINGS);
    const types = [
      "",
      "text/plain",
      "text/json",
      "json",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=a",
      "application/jsonp",
      "application/json-patch+json",
      "application/problem+json",
      "application/json, text/plain",
    ];
    for (const type of types) {
      for (const line of [`PUT ${ONE}`, `PATCH ${ONE}`, `POST ${ONE}/restore`]) {
        const { status, headers } = await call(line, { body, headers: { "Content-Type": type } });
        assert.equal(status, 415, `${line} ${type}`);
        assert.match(headers.get("Accept")!, /application\/json$/);
      }
    }
    const patch = { body, headers: { "Content-Type": "application/merge-patch+json" } };
    assert.equal((await call(`PUT ${ONE}`, patch)).status, 415);
    for (const coding of ["gzip", "br", "identity, gzip", "x"]) {
      const headers = { "Content-Encoding": coding };
      assert.equal((await call(`PUT ${ONE}`, { body: SETTINGS, headers })).status, 415, coding);
    }
    for (
      const type of [
        "application/json;charset=utf-8",
        "APPLICATION/JSON ; a",
        'application/json; a="',
        "application/json;",
      ]
    ) {
      const headers = { "Content-Encoding": "Identity", "Content-Type": type };
      assert.ok((await call(`PUT ${ONE}`, { body: SETTINGS, headers })).status <= 201, type);
    }
  },
});
