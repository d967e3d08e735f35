import assert from "node:assert/strict";
import { parseCpuList, parseDrops, parseMachine } from "./machine.ts";

const test = (name: string, fn: () => void) =>
  Deno.test({ name: `bench machine: ${name}`, permissions: "none", fn });

for (
  const [list, cores] of [["0", [0]], ["0,1", [0, 1]], ["2-4", [2, 3, 4]], ["0-1,6,8-9", [
    0,
    1,
    6,
    8,
    9,
  ]]] as const
) {
  test(`the CPU list ${list} is ${cores.join(", ")}`, () => assert.deepEqual(parseCpuList(list), cores));
}

test("the drops of a port are the sum over its own sockets", () => {
  const line = (address: string, drops: number) =>
    `  142: ${address} 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 41212 2 00000000 ${drops}`;
  const table = [
    "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops",
    line("0100007F:270F", 3),
    line("0100007F:270F", 40),
    line("0100007F:0270", 500),
    line("00000000:2710", 6000),
  ];
  assert.equal(parseDrops(table, 9999), 43);
  assert.equal(parseDrops(table, 0x270), 500);
  assert.equal(parseDrops(table, 1), 0);
});

test("a machine is described by its processor and its kernel", () => {
  const cpuinfo = [
    "processor\t: 0",
    "model\t\t: 207",
    "model name\t: Intel(R) Xeon(R) Processor",
    "flags\t: fpu",
  ];
  assert.equal(parseMachine(cpuinfo, "6.18.44"), "Intel(R) Xeon(R) Processor (model 207), Linux 6.18.44");
  assert.match(parseMachine(["processor\t: 0"], "6.1"), /^\w+ processor, Linux 6\.1$/);
});
