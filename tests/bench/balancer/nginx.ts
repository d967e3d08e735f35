import { CDN_HOST, clusterName } from "./traffic.ts";

/** The directories for nginx's temporary files. Its built-in ones belong to root. */
const TEMP = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];

/** A balancer with nginx's own features, in one process: a random share, a table of clusters, a redirect. */
export function nginxConfig(directory: string, port: number, clusters: number): string {
  const table = Array.from({ length: clusters }, (_, i) => `"${clusterName(i)}" "${CDN_HOST}";`);
  return `
daemon off;
master_process off;
worker_rlimit_nofile 8192;
pid ${directory}/nginx.pid;
error_log stderr crit;
events { worker_connections 4096; }
http {
  access_log off;
  ${TEMP.map((name) => `${name}_temp_path ${directory}/nginx_${name};`).join("\n  ")}
  keepalive_requests 1000000000;
  server_tokens off;
  map_hash_max_size 16384;
  map_hash_bucket_size 128;
  split_clients $request_id $source { 10% origin; * cdn; }
  map $arg_video $server {
    default "";
    "~^http://(?<label>[a-z0-9-]+)\\.(?<cluster>[a-z0-9.-]+)/(?<path>.+)$" $label;
  }
  map $cluster $cdn {
    default "";
    ${table.join("\n    ")}
  }
  map $source $target {
    origin $arg_video;
    cdn "http://$cdn/$server/$path";
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location = / {
      if ($server = "") { return 400; }
      if ($cdn = "") { return 404; }
      add_header Cache-Control no-store always;
      add_header Access-Control-Allow-Origin * always;
      return 301 $target;
    }
  }
}
`;
}
