/**
 * The simplest program that redirects one in ten requests to the origin and the rest to the CDN:
 * `deno_serve.ts PORT`. It checks nothing, knows no clusters, and counts for one worker only.
 *
 * @module
 */
let turn = 0;

Deno.serve({ hostname: "127.0.0.1", port: Number(Deno.args[0]), onListen() {} }, ({ url }) => {
  const video = url.slice(url.indexOf("=") + 1);
  const [, , host, ...path] = video.split("/");
  const isOrigin = ++turn % 10 === 0;
  const server = host!.slice(0, host!.indexOf("."));
  const location = isOrigin ? video : `http://cdn.example.net/${server}/${path.join("/")}`;
  const headers = { location, "cache-control": "no-store", "access-control-allow-origin": "*" };
  return new Response(null, { status: 301, headers });
});
