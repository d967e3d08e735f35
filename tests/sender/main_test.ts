import assert from "node:assert/strict";
import denoJson from "../../deno.json" with { type: "json" };
import { LIBC_PATHS } from "../../src/shared/libc.ts";
import { addUp, listen } from "../support/messages/udp.ts";

const MAIN = new URL("../../src/sender/main.ts", import.meta.url).pathname;
const FFI = `--allow-ffi=${LIBC_PATHS.join(",")}`;
const NET = "--allow-net=127.0.0.1";

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

function spawn(permissions: string[], args: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", ...permissions, MAIN, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function end(sender: Deno.ChildProcess): Promise<Ended> {
  const { code, stdout, stderr } = await sender.output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

const send = (permissions: string[], ...args: string[]) => end(spawn(permissions, args));

const test = (name: string, fn: () => Promise<void>) =>
  Deno.test({ name: `sender: ${name}`, permissions: { net: ["127.0.0.1"], run: [Deno.execPath()] }, fn });

for (const permissions of [[NET, FFI], [NET]]) {
  test(`the report agrees with what was received, with ${permissions.join(" ")}`, async () => {
    using receiver = listen("127.0.0.1");
    const flags = "--count 200 --per-datagram 3 --sources 2 --seed 4 --shape extra --rate 10000/s".split(" ");
    const { code, stdout, stderr } = await send(
      permissions,
      "--to",
      `127.0.0.1:${receiver.to.port}`,
      ...flags,
    );
    assert.deepEqual([code, stderr], [0, ""]);
    const { seconds, rate, ...report } = JSON.parse(stdout);
    assert.match(stdout, /^\{"sent":.*\}\n$/);
    const { messages, ...totals } = addUp((await receiver.take(67)).texts);
    assert.deepEqual(report, { sent: messages, ...totals });
    assert.ok(seconds >= 0.02, "faster than the rate");
    assert.equal(rate, Math.round(200 / seconds));
  });
}

test("Ctrl-C ends the run with a report of what was sent", async () => {
  using receiver = listen("127.0.0.1");
  const sender = spawn([NET, FFI], ["--to", `127.0.0.1:${receiver.to.port}`, "--rate", "20/s"]);
  const first = await receiver.take(1);
  sender.kill("SIGINT");
  const { code, stdout, stderr } = await end(sender);
  assert.deepEqual([code, stderr], [0, ""]);
  const { sent, A1_sum } = JSON.parse(stdout);
  assert.ok(sent >= 1 && sent < 1000);
  const rest = await receiver.take(sent - 1);
  assert.equal(addUp([...first.texts, ...rest.texts]).A1_sum, A1_sum);
});

test("Ctrl-C ends a run at full speed, when almost all time is spent in the kernel", async () => {
  using receiver = listen("127.0.0.1");
  const sender = spawn([NET, FFI], ["--to", `127.0.0.1:${receiver.to.port}`, "--count", "1000000000"]);
  const timer = setTimeout(() => sender.kill("SIGKILL"), 10_000);
  await receiver.take(1);
  sender.kill("SIGINT");
  const { code, stdout, stderr } = await end(sender);
  clearTimeout(timer);
  assert.deepEqual([code, stderr], [0, ""]);
  const { sent } = JSON.parse(stdout);
  assert.ok(sent >= 1 && sent < 1e9);
});

const FAILURES: [name: string, permissions: string[], args: string[], code: number, line: RegExp][] = [
  [
    "an unknown flag",
    [NET],
    ["--counts", "5"],
    2,
    /^sluice send: Unknown flag "--counts": did you mean --count\?\n$/,
  ],
  ["a bad value", [NET], ["--count", "many"], 2, /^sluice send: Cannot use "many" for --count: .*\n$/],
  [
    "no net permission",
    [FFI],
    ["--to", "127.0.0.1:9"],
    1,
    /^sluice send: Cannot send to 127\.0\.0\.1:9: .* --allow-net=127\.0\.0\.1:9\n$/,
  ],
  [
    "no net permission for the local address, which the sender without FFI needs",
    ["--allow-net=10.0.0.1"],
    ["--to", "10.0.0.1:9"],
    1,
    /^sluice send: Cannot send to 10\.0\.0\.1:9: .* --allow-net=10\.0\.0\.1:9,0\.0\.0\.0:0\n$/,
  ],
];

for (const [name, permissions, args, expected, line] of FAILURES) {
  test(`${name} ends with one line on stderr and exit code ${expected}`, async () => {
    const { code, stdout, stderr } = await send(permissions, ...args);
    assert.match(stderr, line);
    assert.deepEqual([code, stdout], [expected, ""]);
  });
}

test("a port without a listener ends with one line on stderr and exit code 1", async () => {
  const receiver = listen("127.0.0.1");
  receiver[Symbol.dispose]();
  const { code, stdout, stderr } = await send([NET, FFI], "--to", `127.0.0.1:${receiver.to.port}`);
  assert.match(stderr, /^sluice send: 999 of 1000 datagrams were refused: nothing listens there; .*\n$/);
  assert.deepEqual([code, stdout], [1, ""]);
});

test("--help and --version print to stdout and need no permission", async () => {
  const help = await send([], "--help");
  assert.deepEqual([help.code, help.stderr], [0, ""]);
  assert.match(help.stdout, /^Usage: deno task send /);
  assert.deepEqual(await send([], "--version"), { code: 0, stdout: `${denoJson.version}\n`, stderr: "" });
});
