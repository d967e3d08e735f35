import { CDN_HOST, clusterName } from "./traffic.ts";

/** The content of HAProxy's map file with all clusters. */
export function haproxyMap(clusters: number): string {
  return Array.from({ length: clusters }, (_, i) => `${clusterName(i)} ${CDN_HOST}\n`).join("");
}

/** A balancer with HAProxy's own features, in one thread: a random share, a table of clusters, a redirect. */
export function haproxyConfig(mapPath: string, port: number): string {
  const video = "var(txn.video)";
  const host = "var(txn.host)";
  return `
global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout client 75s
  timeout http-keep-alive 75s
frontend viewers
  bind 127.0.0.1:${port} backlog 4096
  http-request set-var(txn.video) url_param(video)
  http-request return status 400 unless { ${video} -m reg ^http://[a-z0-9-]+\\.[a-z0-9.-]+/. }
  http-request set-var(txn.host) ${video},word(2,/)
  http-request set-var(txn.cdn) ${host},word(2,.,0),map(${mapPath})
  http-request return status 404 unless { var(txn.cdn) -m found }
  http-after-response set-header Cache-Control no-store
  http-after-response set-header Access-Control-Allow-Origin *
  http-request redirect location %[${video}] code 301 if { rand(10) eq 0 }
  http-request redirect location http://%[var(txn.cdn)]/%[${host},word(1,.)]/%[${video},word(3,/,0)] code 301
`;
}
