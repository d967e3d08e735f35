import assert from "node:assert/strict";
import fc from "fast-check";
import { fieldProblems } from "../../../src/balancer/admin/requests.ts";
import * as schemas from "../../../src/balancer/admin/schemas.ts";
import type { z } from "@hono/zod-openapi";
import { SETTINGS } from "../../support/http/admin_client.ts";
import { anySettings, FULL, FULL_JSON } from "../../support/http/route_options.ts";

/** Returns the pointers to what is wrong with a body; none if the body is valid. */
function pointers(schema: z.ZodType, json: string): string[] {
  const { error } = schema.safeParse(JSON.parse(json));
  return error ? fieldProblems(error, "json").map(({ pointer }) => pointer!) : [];
}

const withField = (name: string, value: string): string => {
  const fields = Object.entries({ ...SETTINGS, [name]: undefined }).filter(([, old]) => old !== undefined)
    .map(([key, old]) => `${JSON.stringify(key)}:${JSON.stringify(old)}`);
  return `{${[...fields, `${JSON.stringify(name)}:${value}`].join(",")}}`;
};

Deno.test({
  name: "schemas: valid values of each field are accepted",
  permissions: "none",
  fn() {
    const accepted: [field: string, values: string[]][] = [
      ["cdn_host", [
        '"a"',
        '"CDN.Example.NET:8080"',
        '"https://cdn.example.net/base/path"',
        '"http://[::1]:81"',
      ]],
      ["cdn_weight", ["0", "-0", "1e6", "5.0", "1000000"]],
      ["origin_weight", ["0", "1"]],
      ["origin_port", ["null", "1", "65535"]],
    ];
    for (const [field, values] of accepted) {
      for (const value of values) {
        assert.deepEqual(pointers(schemas.settingsSchema, withField(field, value)), [], `${field} ${value}`);
        assert.deepEqual(pointers(schemas.patchSchema, `{"${field}":${value}}`), [], `${field} ${value}`);
      }
    }
    const { origin_port, ...rest } = SETTINGS;
    assert.deepEqual(schemas.settingsSchema.parse(rest), { ...rest, origin_port });
    assert.deepEqual(schemas.patchSchema.parse({}), {});
  },
});

Deno.test({
  name: "schemas: an invalid or unknown field is refused with its pointer",
  permissions: "none",
  fn() {
    const wrongTypes = ["true", '"9"', "[]", "{}", "[9]", '{"valueOf":1}'];
    const refused: [field: string, values: string[]][] = [
      ["cdn_host", [
        "null",
        "9",
        '""',
        '" "',
        '"cdn example"',
        '"//cdn.example.net"',
        '"ftp://cdn.example.net"',
        '"javascript:alert(1)"',
        '"http://user@cdn.example.net"',
        '"http://user:pw@cdn.example.net"',
        '"cdn.example.net?a"',
        '"cdn.example.net#a"',
        '"cdn.example.net/../a"',
        '"cdn.example.net\\\\a"',
        '"cdn.example.net\\r\\nSet-Cookie: a"',
        '"cdn.example.net\\u0000"',
        '"cdn.example.net:0"',
        '"cdn.example.net:65536"',
        '"cdn.example.net:"',
        '"c\\u0434n.example.net"',
        '"\\ud800"',
        `"${"a".repeat(600)}"`,
        "[]",
        "{}",
        "true",
      ]],
      ["cdn_weight", ["null", "-1", "0.5", "1000001", "1e400", "-1e400", "9007199254740993", ...wrongTypes]],
      ["origin_weight", ["null", "-1", "1.0000001", "2147483648", ...wrongTypes]],
      ["origin_port", ["0", "-1", "65536", "80.5", '""', ...wrongTypes]],
      ["version", ["1"]],
      ["cluster", ['"origin-cluster"']],
      ["updated_by", ["null"]],
      ["CDN_HOST", ['"a"']],
      ["cdnHost", ['"a"']],
      ["__proto__", ["{}", "1"]],
      ["constructor", ["null"]],
      ["toString", ["1"]],
      ["", ["1"]],
    ];
    for (const [field, values] of refused) {
      for (const value of values) {
        const body = withField(field, value);
        assert.deepEqual(pointers(schemas.settingsSchema, body), [`/${field}`], body);
        assert.deepEqual(pointers(schemas.patchSchema, body), [`/${field}`], body);
      }
    }
  },
});

Deno.test({
  name: "schemas: a refused body gets the pointers to everything that is wrong",
  permissions: "none",
  fn() {
    const refused: [schema: z.ZodType, body: string, expected: string[]][] = [
      [schemas.settingsSchema, "{}", ["/origin_weight", "/cdn_host", "/cdn_weight"]],
      [schemas.settingsSchema, '{"cdns":null,"origin_weight":1}', ["/cdn_host", "/cdn_weight"]],
      [schemas.settingsSchema, '{"cdn_host":"a","cdn_weight":0,"origin_weight":0}', ["/origin_weight"]],
      [schemas.settingsSchema, '{"cdn_host":1,"cdn_weight":0,"origin_weight":2,"a/b":1,"~":2}', [
        "/cdn_host",
        "/a~1b",
        "/~0",
      ]],
      ...[schemas.settingsSchema, schemas.patchSchema, schemas.restoreSchema].flatMap((schema) =>
        ["null", "[]", "3", '"{}"', "true", "[{}]"].map((body) =>
          [schema, body, [""]] as [z.ZodType, string, string[]]
        )
      ),
      [schemas.restoreSchema, "{}", ["/version"]],
      [schemas.restoreSchema, '{"version":1,"force":true}', ["/force"]],
      ...['"1"', "0", "-1", "1.5", "null", "[1]", "2147483647", "1e99"].map((value) =>
        [schemas.restoreSchema, `{"version":${value}}`, ["/version"]] as [z.ZodType, string, string[]]
      ),
    ];
    for (const [schema, body, expected] of refused) assert.deepEqual(pointers(schema, body), expected, body);
  },
});

Deno.test({
  name: "schemas: settings are the same after a round trip through JSON",
  permissions: "none",
  fn() {
    const settings = { cdnHost: "cdn.example.net", cdnWeight: 9, originWeight: 1, originPort: 8080 };
    assert.deepEqual(schemas.fromJson(schemas.settingsJson(settings)), settings);
    assert.deepEqual(schemas.settingsJson({ ...settings, originPort: null }), SETTINGS);
    fc.assert(fc.property(anySettings, (settings) => {
      const json = JSON.parse(JSON.stringify(schemas.settingsJson(settings)));
      assert.deepEqual(schemas.fromJson(schemas.settingsSchema.parse(json)), settings);
    }));
    assert.deepEqual(schemas.settingsJson(FULL), FULL_JSON);
    assert.deepEqual(schemas.fromJson(schemas.settingsSchema.parse(FULL_JSON)), FULL);
  },
});

Deno.test({
  name: "schemas: a single plain CDN named cdn becomes the short form, in whichever form it is given",
  permissions: "none",
  fn() {
    const read = (json: object) => schemas.fromJson(schemas.settingsSchema.parse(json));
    const cdn = { name: "cdn", host: "cdn.example.net", weight: 9 };
    const short = read(SETTINGS);
    for (const cdns of [[cdn], [{ ...cdn, enabled: true, check: null }]]) {
      assert.deepEqual(read({ cdns, origin_weight: 1 }), short);
    }
    for (
      const cdns of [[{ ...cdn, name: "a" }], [{ ...cdn, enabled: false }], [cdn, { ...cdn, name: "b" }]]
    ) {
      const { cdn_host, cdns: shown } = schemas.settingsJson(read({ cdns, origin_weight: 1 }));
      assert.deepEqual([cdn_host, shown], [undefined, cdns]);
    }
  },
});
