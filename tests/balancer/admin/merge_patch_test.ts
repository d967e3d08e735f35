import assert from "node:assert/strict";
import { merged, patched } from "../../../src/balancer/admin/merge_patch.ts";
import { Problem } from "../../../src/balancer/admin/problems.ts";
import { type PatchJson, patchSchema, settingsJson } from "../../../src/balancer/admin/schemas.ts";
import type { RouteSettings } from "../../../src/balancer/choose/routing.ts";
import { FULL, FULL_JSON } from "../../support/http/route_options.ts";

const ONE: RouteSettings = { cdnHost: "cdn.example.net", cdnWeight: 9, originWeight: 1, originPort: null };
const CDNS = [{ name: "a", host: "a.example", weight: 1 }, { name: "b", host: "b.example", weight: 2 }];

/** Returns the patched settings as the JSON of an answer. */
const after = (settings: RouteSettings, patch: object) =>
  settingsJson(patched(settings, patchSchema.parse(patch) as PatchJson));

Deno.test({
  name: "merge patch: the examples of RFC 7396 give their results",
  permissions: "none",
  fn() {
    const examples: [target: unknown, patch: unknown, result: unknown][] = [
      [{ a: "b" }, { a: "c" }, { a: "c" }],
      [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
      [{ a: "b" }, { a: null }, {}],
      [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
      [{ a: ["b"] }, { a: "c" }, { a: "c" }],
      [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
      [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
      [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
      [["a", "b"], ["c", "d"], ["c", "d"]],
      [{ a: "b" }, ["c"], ["c"]],
      [{ a: "foo" }, null, null],
      [{ a: "foo" }, "bar", "bar"],
      [{ e: null }, { a: 1 }, { e: null, a: 1 }],
      [[1, 2], { a: "b", c: null }, { a: "b" }],
      [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
    ];
    for (const [target, patch, result] of examples) assert.deepEqual(merged(target, patch), result);
  },
});

Deno.test({
  name: "merge patch: options are changed, reset by null or a default, or left unchanged",
  permissions: "none",
  fn() {
    const one = settingsJson(ONE);
    assert.deepEqual(after(ONE, { status: 302, spread: "path" }), { ...one, status: 302, spread: "path" });
    assert.deepEqual(after(ONE, { status: 301, spread: "turn", enabled: true, cdns: null }), one);
    const { cdns, origin_weight, origin_port, ...options } = FULL_JSON;
    const nulls = Object.fromEntries(Object.keys(options).map((name) => [name, null]));
    assert.deepEqual(after(FULL, nulls), { cdns, origin_weight, origin_port });
    assert.deepEqual(after(FULL, { origin_port: 8080 }), { ...FULL_JSON, origin_port: 8080 });
    assert.deepEqual(after(FULL, { origin_check: { every_s: 5, host: null } }).origin_check, {
      path: "/live?a",
      every_s: 5,
      timeout_s: 1,
      down_after: 2,
      up_after: 3,
      expect: "200-399",
    });
  },
});

Deno.test({
  name: "merge patch: the list of CDNs is replaced as a whole, and may change between short and long form",
  permissions: "none",
  fn() {
    const { cdns: _, ...rest } = FULL_JSON;
    const { cdn_host: __, cdn_weight: ___, ...origin } = settingsJson(ONE);
    assert.deepEqual(after(ONE, { cdns: CDNS }), { cdns: CDNS, ...origin });
    assert.deepEqual(after(FULL, { cdns: CDNS }), { ...rest, cdns: CDNS });
    const short = { cdn_host: "cdn.example.net", cdn_weight: 9 };
    assert.deepEqual(after(FULL, { cdns: null, ...short }), { ...short, ...rest });
    const only = [{ name: "cdn", host: "cdn.example.net", weight: 9 }];
    assert.deepEqual(after(FULL, { cdns: only }), { ...short, ...rest });
    assert.deepEqual(patched(FULL, { cdns: CDNS as never }).cdnWeight, 3);
  },
});

Deno.test({
  name: "merge patch: an invalid result is refused with the pointers to its fields",
  permissions: "none",
  fn() {
    const refused: [settings: RouteSettings, patch: object, pointers: string[]][] = [
      [FULL, { cdn_weight: 0 }, ["/cdn_weight"]],
      [FULL, { cdn_weight: 0, cdn_host: "a.example", status: 301 }, ["/cdn_host", "/cdn_weight"]],
      [FULL, { cdns: null }, ["/cdn_host", "/cdn_weight"]],
      [FULL, { cdns: null, cdn_host: "a" }, ["/cdn_weight"]],
      [ONE, { origin_check: { every_s: 5 } }, ["/origin_check/path"]],
      [ONE, { cdns: [...CDNS, ...CDNS] }, ["/cdns/2/name", "/cdns/3/name"]],
      [{ ...ONE, cdnWeight: 0 }, { origin_weight: 0 }, ["/origin_weight"]],
    ];
    for (const [settings, patch, pointers] of refused) {
      assert.throws(() => after(settings, patch), (error: Error) => {
        assert.ok(error instanceof Problem, JSON.stringify(patch));
        assert.deepEqual(error.options.errors?.map(({ pointer }) => pointer), pointers);
        return true;
      });
    }
    assert.throws(() => after(FULL, { cdn_weight: 0 }), /give cdns as null, with cdn_host and cdn_weight/);
  },
});
