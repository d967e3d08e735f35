import { fileURLToPath } from "node:url";
import { TOOLS } from "../machine.ts";
import type { Contender } from "./contender.ts";
import { haproxyConfig, haproxyMap } from "./haproxy.ts";
import { nginxConfig } from "./nginx.ts";
import { sluiceProgram } from "./sluice.ts";

/** The first of these that runs is the baseline, unless `--baseline` names another. */
export const BASELINES = ["nginx", "haproxy", "deno-serve"];

export const CONTENDERS: readonly Contender[] = [
  {
    name: "sluice-balancer",
    about: "deno task balancer, one worker, metrics on",
    needs: [TOOLS.wrk],
    prepare: sluiceProgram,
  },
  {
    name: "deno-serve",
    about: "a redirect in Deno.serve that checks nothing",
    needs: [TOOLS.wrk],
    prepare: ({ port }) => {
      const script = fileURLToPath(new URL("./deno_serve.ts", import.meta.url));
      const args = ["run", "--no-prompt", "--no-npm", "--allow-net=127.0.0.1", script, String(port)];
      return Promise.resolve({ path: Deno.execPath(), args });
    },
  },
  {
    name: "nginx",
    about: "return 301 with split_clients and map, one worker",
    needs: [TOOLS.wrk, TOOLS.nginx],
    async prepare({ directory, port, clusters }) {
      const path = `${directory}/nginx.conf`;
      await Deno.writeTextFile(path, nginxConfig(directory, port, clusters));
      return { path: TOOLS.nginx.program, args: ["-e", "stderr", "-p", directory, "-c", path] };
    },
  },
  {
    name: "haproxy",
    about: "http-request redirect with rand and map, one thread",
    needs: [TOOLS.wrk, TOOLS.haproxy],
    async prepare({ directory, port, clusters }) {
      const [path, mapPath] = [`${directory}/haproxy.cfg`, `${directory}/clusters.map`];
      await Deno.writeTextFile(mapPath, haproxyMap(clusters));
      await Deno.writeTextFile(path, haproxyConfig(mapPath, port));
      return { path: TOOLS.haproxy.program, args: ["-db", "-f", path] };
    },
  },
];
