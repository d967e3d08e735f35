import assert from "node:assert/strict";
import { requestPath, targets } from "./traffic.ts";

Deno.test({
  name: "bench traffic: wrk.lua requests the same videos as traffic.ts",
  permissions: { read: ["tests/bench/balancer/wrk.lua"] },
  fn() {
    const script = Deno.readTextFileSync("tests/bench/balancer/wrk.lua");
    const format = /\("(http:[^"]+)"\):format\(i % clusters, i\)/.exec(script)?.[1];
    for (const [index, clusters] of [[0, 1], [7, 1], [42, 1000], [999, 10]] as const) {
      const url = format!.replace("%d", String(index % clusters)).replace("%d", String(index));
      assert.equal(requestPath(index, clusters), `/?video=${url}`);
      assert.equal(targets(index, clusters)[0], url);
    }
  },
});

Deno.test({
  name: "bench traffic: the path of the CDN's URL begins with the server",
  permissions: "none",
  fn() {
    assert.equal(targets(7, 1)[1], "http://cdn.example.net/s1/video/7/xcg2djHckad.m3u8");
  },
});
