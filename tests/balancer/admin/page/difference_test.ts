import assert from "node:assert/strict";
import { differences, fieldsOf, patchOf } from "../../../../src/balancer/admin/page/difference.js";

const SHORT = { cdn_host: "a.example", cdn_weight: 9, origin_weight: 1, origin_port: null, version: 3 };
const LONG = {
  cdns: [{ name: "a", host: "a.example", weight: 6, enabled: false }, {
    name: "b",
    host: "b.example",
    weight: 3,
  }],
  origin_weight: 1,
};

Deno.test({
  name: "page difference: only settings are compared, and CDNs are matched by name",
  permissions: "none",
  fn() {
    assert.deepEqual(differences(SHORT, { ...SHORT, version: 4, cdn_weight: 7 }), [
      { field: "cdn_weight", before: "9", after: "7" },
    ]);
    const swapped = { ...LONG, cdns: [LONG.cdns[1], { ...LONG.cdns[0], host: "c.example" }] };
    assert.deepEqual(differences(LONG, swapped), [
      { field: "cdns a host", before: "a.example", after: "c.example" },
    ]);
    assert.deepEqual(differences(null, SHORT).map(({ field }) => field), [
      ...["cdn_host", "cdn_weight", "origin_weight"],
    ]);
    assert.ok(differences(LONG, null).every(({ after }) => after === undefined));
  },
});

Deno.test({
  name: "page difference: a patch contains what the form changed, applied to the current route",
  permissions: "none",
  fn() {
    const base = fieldsOf(SHORT);
    const fields = { cdns: [{ ...base.cdns[0]!, weight: 7 }], originWeight: 3 };
    assert.deepEqual(patchOf(SHORT, base, base), {});
    assert.deepEqual(patchOf(SHORT, base, fields), { origin_weight: 3, cdn_weight: 7 });
    const long = fieldsOf(LONG);
    const edited = { ...long, cdns: [long.cdns[0]!, { ...long.cdns[1]!, host: "c.example" }] };
    const meanwhile = { ...LONG, cdns: [{ ...LONG.cdns[0]!, weight: 1 }, LONG.cdns[1]!] };
    assert.deepEqual(patchOf(meanwhile, long, edited), {
      cdns: [meanwhile.cdns[0], { ...LONG.cdns[1]!, host: "c.example" }],
    });
  },
});
