import { fileURLToPath } from "node:url";
import type { Entrant } from "../contest.ts";
import { TOOLS } from "../machine.ts";
import type { Program } from "../processes.ts";
import { programOfTask } from "../tasks.ts";

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/** The C contenders are one program. */
export const RECEIVE_SOURCE = new URL("./receive.c", import.meta.url);
/** Where it is compiled to, in the directory of the benchmark. */
export const RECEIVE = "receive";

/** Receives messages, and reports `listening` with its `address`, then `stopped` with what it received. */
export interface Contender extends Entrant {
  /** @param directory Where it may write, and where the compiled programs are. */
  program(directory: string): Program;
}

const sluice = (task: "start" | "start:sandbox") => (directory: string) =>
  programOfTask(task, [
    ...["--listen", "127.0.0.1:0", "--out", `${directory}/metrics.jsonl`],
    ...["--workers", "1", "--log-format", "json", "--admin", "127.0.0.1:0"],
  ]);

/** The first of them that runs is the baseline, unless another is asked for. */
export const BASELINES = ["c-limit", "c-naive", "deno"];

export const CONTENDERS: readonly Contender[] = [
  { name: "sluice", about: "deno task start, one worker", program: sluice("start") },
  { name: "sluice-sandbox", about: "deno task start:sandbox, one worker", program: sluice("start:sandbox") },
  {
    name: "deno",
    about: "a loop of Deno.listenDatagram and JSON.parse",
    program: () => ({
      path: Deno.execPath(),
      args: ["run", "--no-prompt", "--allow-net=127.0.0.1", here("./deno_datagram.ts")],
    }),
  },
  {
    name: "node",
    about: "node:dgram and JSON.parse on Node.js",
    needs: [TOOLS.node],
    program: () => ({ path: TOOLS.node.program, args: [here("./node_dgram.mjs")] }),
  },
  {
    name: "c-naive",
    about: "C, blocking recvmmsg, adds up A1 alone",
    needs: [TOOLS.cc],
    program: (directory) => ({ path: `${directory}/${RECEIVE}`, args: ["naive"] }),
  },
  {
    name: "c-limit",
    about: "C, recvmmsg in full batches, adds up A1 alone: what the kernel costs",
    needs: [TOOLS.cc],
    program: (directory) => ({ path: `${directory}/${RECEIVE}`, args: ["limit"] }),
  },
];
