import { fileURLToPath } from "node:url";
import type { AnyContender } from "../contest.ts";
import { type Build, type Tool, TOOLS } from "../machine.ts";
import type { Program } from "../processes.ts";
import { programOfTask } from "../tasks.ts";

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/** Adds up A1 only, in one of two modes. The only check is where a line ends. */
const RECEIVE: Build = {
  source: new URL("./receive.c", import.meta.url),
  into: "receive",
  compiler: TOOLS.cc,
};
const RECEIVE_JSON = { source: new URL("./receive_json.cpp", import.meta.url), compiler: TOOLS.cxx };
const RECEIVE_SIMDJSON: Build = {
  ...RECEIVE_JSON,
  into: "receive-simdjson",
  flags: ["-std=c++17", "-DWITH_SIMDJSON", "-lsimdjson"],
};
const RECEIVE_RAPIDJSON: Build = {
  ...RECEIVE_JSON,
  into: "receive-rapidjson",
  flags: ["-std=c++17", "-DWITH_RAPIDJSON"],
};

/** A program that receives messages. It reports `listening` with its `address`, and totals in `stopped`. */
export interface Contender extends AnyContender {
  /** @param directory where the program may write, and where compiled programs are */
  program(directory: string): Program;
  /** What to compile before the program can start. */
  readonly build?: Build;
  /** The program accepts and rejects exactly what Sluice does, which is checked before it is measured. */
  readonly judges?: true;
}

const sluice = (task: "start" | "start:sandbox") => (directory: string) =>
  programOfTask(task, [
    ...["--listen", "127.0.0.1:0", "--out", `${directory}/metrics.jsonl`],
    ...["--workers", "1", "--log-format", "json", "--admin", "127.0.0.1:0"],
  ]);

/** The first of these that runs is the baseline, unless `--baseline` names another. */
export const BASELINES = ["c-limit", "c-naive", "deno"];

const built = (build: Build, needs: readonly Tool[] = [], args: readonly string[] = []) => ({
  needs: [build.compiler, ...needs],
  build,
  program: (directory: string) => ({ path: `${directory}/${build.into}`, args }),
});

export const CONTENDERS: readonly Contender[] = [
  { name: "sluice", about: "deno task start, one worker", program: sluice("start") },
  { name: "sluice-sandbox", about: "deno task start:sandbox, one worker", program: sluice("start:sandbox") },
  {
    name: "deno",
    about: "a loop of Deno.listenDatagram and JSON.parse",
    program: () => ({
      path: Deno.execPath(),
      args: ["run", "--no-prompt", "--no-npm", "--allow-net=127.0.0.1", here("./deno_datagram.ts")],
    }),
  },
  {
    name: "node",
    about: "node:dgram and JSON.parse on Node.js",
    needs: [TOOLS.node],
    program: () => ({ path: TOOLS.node.program, args: [here("./node_dgram.mjs")] }),
  },
  {
    name: "c++-simdjson",
    about: "C++, recvmmsg in full batches and simdjson: all that sluice does with a message",
    judges: true,
    ...built(RECEIVE_SIMDJSON, [TOOLS.simdjson]),
  },
  {
    name: "c++-rapidjson",
    about: "the same with RapidJSON",
    judges: true,
    ...built(RECEIVE_RAPIDJSON, [TOOLS.rapidjson]),
  },
  {
    name: "c-naive",
    about: "C, blocking recvmmsg, adds up A1 alone",
    ...built(RECEIVE, [], ["naive"]),
  },
  {
    name: "c-limit",
    about: "C, recvmmsg in full batches, adds up A1 alone: what the kernel costs",
    ...built(RECEIVE, [], ["limit"]),
  },
];
