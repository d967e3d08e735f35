/** Random valid routes with options for fast-check, in the normal form that the store and the API return. */
import fc from "fast-check";
import {
  type Cdn,
  type Check,
  CHECK_DEFAULTS,
  type RouteOptions,
} from "../../../src/balancer/routes/route_options.ts";
import { isShort, type RouteSettings, shortForm } from "../../../src/balancer/routes/route_settings.ts";

const host = fc.constantFrom(
  "cdn.example.net",
  "https://cdn-b.example.net:8443/base",
);
const seconds = fc.constantFrom(0.5, 1, 2.25, 30);

const check: fc.Arbitrary<Check> = fc.record({
  path: fc.constantFrom("/", "/ping?a=\"b'"),
  host,
  everyS: seconds,
  timeoutS: seconds,
  downAfter: fc.integer({ min: 1, max: 100 }),
  upAfter: fc.integer({ min: 1, max: 100 }),
  expect: fc.constantFrom(CHECK_DEFAULTS.expect, "204-204"),
}, { requiredKeys: ["path", "everyS", "timeoutS", "downAfter", "upAfter", "expect"], noNullPrototype: true });

const cdn: fc.Arbitrary<Cdn> = fc.record({
  name: fc.constantFrom("cdn", "a", "b-2", "constructor"),
  host,
  weight: fc.integer({ min: 0, max: 9 }),
  enabled: fc.constant(false as const),
  check,
}, { requiredKeys: ["name", "host", "weight"], noNullPrototype: true });

export const anyOptions: fc.Arbitrary<RouteOptions> = fc.record({
  cdns: fc.uniqueArray(cdn, { selector: ({ name }) => name, minLength: 1 })
    .filter((cdns) => !isShort(cdns)),
  originCheck: check,
  originRateMax: fc.integer({ min: 1, max: 1_000_000 }),
  spread: fc.constant("path" as const),
  spreadBy: fc.constant("path" as const),
  status: fc.constantFrom(302, 307, 308),
  enabled: fc.constant(false as const),
  steeringTtlS: fc.constantFrom(1, 9, 3600),
}, { requiredKeys: [], noNullPrototype: true });

export const anySettings: fc.Arbitrary<RouteSettings> = fc.record({
  cdnHost: host,
  cdnWeight: fc.integer({ min: 0, max: 1_000_000 }),
  originWeight: fc.integer({ min: 1, max: 9 }),
  originPort: fc.constantFrom(null, 8080),
  options: anyOptions,
}, { noNullPrototype: true }).map(({ options, ...settings }) => ({
  ...settings,
  ...options.cdns && shortForm(options.cdns),
  ...options,
}));

/** Settings with every option: two enabled CDNs and a disabled one. */
export const FULL: RouteSettings = {
  cdnHost: "cdn-a.example.net/base",
  cdnWeight: 9,
  originWeight: 1,
  originPort: null,
  cdns: [
    { name: "cdn-a", host: "cdn-a.example.net/base", weight: 6, check: { path: "/ping", ...CHECK_DEFAULTS } },
    { name: "cdn-b", host: "https://cdn-b.example.net", weight: 3 },
    { name: "cdn-c", host: "cdn-c.example.net", weight: 5, enabled: false },
  ],
  originCheck: { path: "/live?a", host: "https://probe.example.net", ...CHECK_DEFAULTS, everyS: 0.5 },
  originRateMax: 500,
  spread: "path",
  spreadBy: "path",
  status: 302,
  enabled: false,
  steeringTtlS: 30,
};

const CHECK_JSON = { every_s: 2, timeout_s: 1, down_after: 2, up_after: 3, expect: "200-399" };

export const FULL_OPTIONS_JSON = {
  cdns: [
    { name: "cdn-a", host: "cdn-a.example.net/base", weight: 6, check: { path: "/ping", ...CHECK_JSON } },
    { name: "cdn-b", host: "https://cdn-b.example.net", weight: 3 },
    { name: "cdn-c", host: "cdn-c.example.net", weight: 5, enabled: false },
  ],
  origin_check: { path: "/live?a", host: "https://probe.example.net", ...CHECK_JSON, every_s: 0.5 },
  origin_rate_max: 500,
  spread: "path",
  spread_by: "path",
  status: 302,
  enabled: false,
  steering_ttl: 30,
};

/** The settings of `FULL` as the API reads and writes them. */
export const FULL_JSON = { ...FULL_OPTIONS_JSON, origin_weight: 1, origin_port: null };
