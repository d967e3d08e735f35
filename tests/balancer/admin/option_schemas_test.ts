import assert from "node:assert/strict";
import { fieldProblems } from "../../../src/balancer/admin/requests.ts";
import { patchSchema, settingsSchema } from "../../../src/balancer/admin/schemas.ts";
import { SETTINGS } from "../../support/http/admin_client.ts";
import { FULL_JSON } from "../../support/http/route_options.ts";

/** Returns the problems of a body by the pointers to them. */
function problemsOf(
  schema: typeof settingsSchema | typeof patchSchema,
  body: object,
): Record<string, string> {
  const { error } = schema.safeParse(JSON.parse(JSON.stringify(body)));
  const problems = error ? fieldProblems(error, "json") : [];
  return Object.fromEntries(problems.map(({ pointer, detail }) => [pointer, detail]));
}

const pointers = (body: object) => Object.keys(problemsOf(settingsSchema, body));

const CDN = { name: "a", host: "cdn.example.net", weight: 1 };
const CHECK = { path: "/ping" };

Deno.test({
  name: "option schemas: valid settings are accepted, with and without defaults",
  permissions: "none",
  fn() {
    assert.deepEqual(problemsOf(patchSchema, FULL_JSON), {});
    const right: object[] = [
      FULL_JSON,
      { cdns: [CDN], origin_weight: 0 },
      {
        ...SETTINGS,
        origin_check: CHECK,
        spread: "turn",
        spread_by: "directory",
        status: 301,
        enabled: true,
      },
      { ...SETTINGS, steering_ttl: null, origin_rate_max: null, status: null, spread: null, cdns: null },
      { cdns: [{ ...CDN, check: { ...CHECK, every_s: 0.5, host: null, expect: null } }], origin_weight: 0 },
    ];
    for (const body of right) assert.deepEqual(problemsOf(settingsSchema, body), {}, JSON.stringify(body));
  },
});

Deno.test({
  name: "option schemas: invalid settings are refused with the pointers to what is wrong",
  permissions: "none",
  fn() {
    const cdns = (...list: unknown[]) => ({ cdns: list, origin_weight: 1 });
    const wrong: [body: object, pointers: string[]][] = [
      [{ ...SETTINGS, cdns: [CDN] }, ["/cdn_host", "/cdn_weight"]],
      [{ cdns: [CDN], cdn_weight: 9, origin_weight: 1 }, ["/cdn_weight"]],
      [cdns(), ["/cdns"]],
      [{ cdns: "a", origin_weight: 1 }, ["/cdns"]],
      [{ cdns: {}, origin_weight: 1 }, ["/cdns"]],
      [cdns(...Array(17).fill(CDN)), ["/cdns"]],
      [cdns(null), ["/cdns/0"]],
      [cdns([]), ["/cdns/0"]],
      [cdns({}), ["/cdns/0/name", "/cdns/0/host", "/cdns/0/weight"]],
      [cdns(CDN, { ...CDN, name: "b", port: 80 }), ["/cdns/1/port"]],
      [cdns(CDN, CDN), ["/cdns/1/name"]],
      [cdns({ ...CDN, name: "origin" }), ["/cdns/0/name"]],
      [cdns({ name: null, host: 3, weight: "1", enabled: 0 }), [
        "/cdns/0/name",
        "/cdns/0/host",
        "/cdns/0/weight",
        "/cdns/0/enabled",
      ]],
      [cdns({ ...CDN, check: 3 }), ["/cdns/0/check"]],
      [cdns({ ...CDN, check: {} }), ["/cdns/0/check/path"]],
      [cdns({ ...CDN, check: { ...CHECK, every: 2 } }), ["/cdns/0/check/every"]],
      [cdns({ ...CDN, check: { ...CHECK, every_s: 0.4, timeout_s: "1", expect: "200" } }), [
        "/cdns/0/check/every_s",
        "/cdns/0/check/timeout_s",
        "/cdns/0/check/expect",
      ]],
      [{ ...cdns({ ...CDN, weight: 0 }), origin_weight: 0 }, ["/cdns"]],
      [cdns({ ...CDN, weight: 333_333 }, { ...CDN, name: "b", weight: 333_334 }), ["/cdns"]],
      [{ ...SETTINGS, origin_check: "/" }, ["/origin_check"]],
      [{ ...SETTINGS, origin_check: { path: "ping", host: "ftp://a", down_after: 0, up_after: 1.5 } }, [
        "/origin_check/path",
        "/origin_check/host",
        "/origin_check/down_after",
        "/origin_check/up_after",
      ]],
      [{ ...SETTINGS, origin_rate_max: 0 }, ["/origin_rate_max"]],
      [{ ...SETTINGS, spread: "random" }, ["/spread"]],
      [{ ...SETTINGS, spread_by: 1 }, ["/spread_by"]],
      [{ ...SETTINGS, status: 303 }, ["/status"]],
      [{ ...SETTINGS, status: "301" }, ["/status"]],
      [{ ...SETTINGS, enabled: "no" }, ["/enabled"]],
      [{ ...SETTINGS, steering_ttl: 0 }, ["/steering_ttl"]],
      [{ ...SETTINGS, steeringTtlS: 1 }, ["/steeringTtlS"]],
    ];
    for (const [body, expected] of wrong) assert.deepEqual(pointers(body), expected, JSON.stringify(body));
    const { "/cdns/0/name": missing } = problemsOf(settingsSchema, cdns({ ...CDN, name: undefined }));
    assert.equal(missing, "missing: give a value such as cdn-a");
    const patches: [body: object, pointers: string[]][] = [
      [{ cdns: [CDN], cdn_host: "a" }, ["/cdn_host"]],
      [{ origin_check: { every: 1 } }, ["/origin_check/every"]],
      [{ cdns: [{}] }, ["/cdns/0/name", "/cdns/0/host", "/cdns/0/weight"]],
    ];
    for (const [body, expected] of patches) {
      assert.deepEqual(Object.keys(problemsOf(patchSchema, body)), expected, JSON.stringify(body));
    }
  },
});
