/** Example bodies for the description of the API. */
export const PUT_EXAMPLES = {
  "one-cdn": {
    summary: "One CDN; every tenth request goes to the origin",
    value: { cdn_host: "cdn.example.net", cdn_weight: 9, origin_weight: 1 },
  },
  "two-cdns": {
    summary: "Two CDNs, one of them checked every 2 s",
    value: {
      cdns: [
        { name: "cdn-a", host: "cdn-a.example.net/video", weight: 6, check: { path: "/ping" } },
        { name: "cdn-b", host: "https://cdn-b.example.net", weight: 3 },
      ],
      origin_weight: 1,
    },
  },
  "live": {
    summary:
      "Live streams: spread by path, with a redirect that clients don't cache and a limit for the origin",
    value: {
      cdns: [
        { name: "cdn-a", host: "https://cdn-a.example.net", weight: 2 },
        { name: "cdn-b", host: "https://cdn-b.example.net", weight: 1 },
      ],
      origin_weight: 0,
      spread: "path",
      status: 302,
      origin_rate_max: 500,
    },
  },
} as const;

export const PATCH_EXAMPLES = {
  "all-to-the-origin": {
    summary: "Send everything to the origin (if the route has a single CDN)",
    value: { cdn_weight: 0 },
  },
  "without-one-cdn": {
    summary: "Switch off one of two CDNs; the list has to be complete",
    value: {
      cdns: [
        { name: "cdn-a", host: "cdn-a.example.net/video", weight: 6, enabled: false },
        { name: "cdn-b", host: "https://cdn-b.example.net", weight: 3 },
      ],
    },
  },
  "back-to-one-cdn": {
    summary: "Replace several CDNs by a single one",
    value: { cdns: null, cdn_host: "cdn.example.net", cdn_weight: 9 },
  },
  "as-by-default": {
    summary: "Reset two fields: no limit for the origin, and spread in turn",
    value: { origin_rate_max: null, spread: null },
  },
} as const;
