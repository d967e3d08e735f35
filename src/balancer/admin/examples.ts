/** Bodies of requests to begin with, as the description of the API shows them. */
export const PUT_EXAMPLES = {
  "one-cdn": {
    summary: "One CDN, and every tenth request to the origin",
    value: { cdn_host: "cdn.example.net", cdn_weight: 9, origin_weight: 1 },
  },
  "two-cdns": {
    summary: "Two CDNs, of which one is looked at every 2 s",
    value: {
      cdns: [
        { name: "cdn-a", host: "cdn-a.example.net/video", weight: 6, check: { path: "/ping" } },
        { name: "cdn-b", host: "https://cdn-b.example.net", weight: 3 },
      ],
      origin_weight: 1,
    },
  },
  "live": {
    summary: "Live streams: by path, with a redirect that no client keeps, and a limit for the origin",
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
    summary: "Everything to the origin, where there is one CDN",
    value: { cdn_weight: 0 },
  },
  "without-one-cdn": {
    summary: "One of two CDNs taken out; the list is given whole",
    value: {
      cdns: [
        { name: "cdn-a", host: "cdn-a.example.net/video", weight: 6, enabled: false },
        { name: "cdn-b", host: "https://cdn-b.example.net", weight: 3 },
      ],
    },
  },
  "back-to-one-cdn": {
    summary: "One CDN in place of several",
    value: { cdns: null, cdn_host: "cdn.example.net", cdn_weight: 9 },
  },
  "as-by-default": {
    summary: "No limit for the origin any more, and in turn again",
    value: { origin_rate_max: null, spread: null },
  },
} as const;
