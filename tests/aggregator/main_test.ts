import assert from "node:assert/strict";
import { makeSymlink } from "../support/disk/links.ts";
import { runToEnd, sendDatagrams, Service } from "../support/processes/aggregator_process.ts";
import { withDirectory } from "../support/disk/temporary_directory.ts";

const DENO = Deno.execPath();

/** An end-to-end test: the aggregator as a process, with real UDP and a real file below `data/`. */
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name: `aggregator: ${name}`,
    permissions: { run: [DENO, "/bin/sh"], net: ["127.0.0.1", "[::1]"], read: ["data"], write: ["data"] },
    fn,
  });
}

/** The messages of the specification's sample: those of its first and of its second window. */
const FIRST = ['{"A1":1, "A2":10, "A3":100}', '{"A1":2, "A2":12, "A3":102}', '{"A1":3, "A2":30, "A3":130}'];
const SECOND = ['{"A1":4, "A2":20, "A3":200}', '{"A1":5, "A2":13, "A3":103}', '{"A1":6, "A2":40, "A3":140}'];

for (const task of ["start", "start:sandbox"] as const) {
  test(`${task}: messages become records, and the totals are logged at the stop`, async () => {
    await using service = await Service.start(task, ["--windows", "1s,2s"]);
    await sendDatagrams(service.port, FIRST);
    await service.recordsUntil((records) => records.some((record) => record.A1_sum === 6));
    await sendDatagrams(service.port, SECOND.map((message) => `${message}\r\n`));
    await sendDatagrams(service.port, ["", "x\n\n{}", '{"A1":1.5,"A2":1,"A3":1}', "[".repeat(20_000)]);
    const isWhole = (length: string) => (record: { count_type: string }) => record.count_type === length;
    const records = await service.recordsUntil((all) =>
      ["1s", "2s"].every((length) =>
        all.filter(isWhole(length)).reduce((sum, record) => sum + record.A1_sum, 0) === 21
      )
    );
    const oneSecond = records.filter(isWhole("1s"));
    oneSecond.forEach(({ timestamp }, i) => assert.equal(timestamp, oneSecond[0]!.timestamp + i));
    assert.equal(Math.max(...oneSecond.map((record) => record.A2_max)), 40);
    assert.equal(Math.min(...oneSecond.filter((r) => r.A3_min !== 0).map((record) => record.A3_min)), 100);
    const { code, totals } = await service.stop();
    assert.equal(code, 0);
    const { received, accepted, rejected, dropped, late } = totals;
    assert.deepEqual({ received, accepted, rejected, dropped, late }, {
      received: 10,
      accepted: 6,
      rejected: { empty: 2, truncated: 1, syntax: 1, missing_field: 1, not_integer: 1, out_of_range: 0 },
      dropped: task === "start" ? 0 : null,
      late: 0,
    });
    assert.equal(totals.records, (await service.records()).length);
  });
}

test("IPv6: [::] receives IPv4 and IPv6, [::1] receives IPv6", async () => {
  for (const host of ["[::]", "[::1]"]) {
    await using service = await Service.start("start", ["--windows", "1s", "--listen", `${host}:0`]);
    if (host === "[::]") await sendDatagrams(service.port, ['{"A1":1,"A2":1,"A3":1}']);
    const socket = Deno.listenDatagram({ transport: "udp", hostname: "::1", port: 0 });
    const bytes = new TextEncoder().encode('{"A1":2,"A2":2,"A3":2}');
    await socket.send(bytes, { transport: "udp", hostname: "::1", port: service.port });
    socket.close();
    const sum = host === "[::]" ? 3 : 2;
    await service.recordsUntil((records) => records.reduce((total, each) => total + each.A1_sum, 0) === sum);
    assert.equal((await service.stop()).code, 0);
  }
});

/** Sends one message to each address: A1 is 1 for the first address, 2 for the second, 4 for the third. */
async function sendToEach(addresses: readonly string[]): Promise<void> {
  for (const [i, address] of addresses.entries()) {
    const [, hostname, port] = /^\[?(.*?)\]?:(\d+)$/.exec(address)!;
    const socket = Deno.listenDatagram({
      transport: "udp",
      hostname: hostname!.includes(":") ? "::1" : "127.0.0.1",
      port: 0,
    });
    const bytes = new TextEncoder().encode(`{"A1":${2 ** i},"A2":1,"A3":1}`);
    await socket.send(bytes, { transport: "udp", hostname: hostname!, port: Number(port) });
    socket.close();
  }
}

for (const task of ["start", "start:sandbox"] as const) {
  test(`${task}: messages to several addresses, IPv4 and IPv6, are added up together`, async () => {
    const flags = ["127.0.0.1:0", "[::1]:0", "127.0.0.1:0"].flatMap((address) => ["--listen", address]);
    let port: string;
    {
      await using service = await Service.start(task, ["--windows", "1s", ...flags]);
      const addresses = String(service.log.find(({ event }) => event === "listening")!.address).split(",");
      assert.equal(new Set(addresses).size, 3);
      await sendToEach(addresses);
      await service.recordsUntil((records) => records.reduce((sum, each) => sum + each.A1_sum, 0) === 7);
      const { code, totals } = await service.stop();
      assert.deepEqual([code, totals.received], [0, 3]);
      port = addresses[0]!.split(":")[1]!;
    }
    await using service = await Service.start(task, [
      "--windows",
      "1s",
      "--listen",
      `0.0.0.0:${port},[::]:${port}`,
    ]);
    await sendToEach([`127.0.0.1:${port}`, `[::1]:${port}`]);
    await service.recordsUntil((records) => records.reduce((sum, each) => sum + each.A1_sum, 0) === 3);
    assert.equal((await service.stop()).totals.received, 2);
  });

  test(`${task}: --listen :0 receives IPv4 and IPv6`, async () => {
    await using service = await Service.start(task, ["--windows", "1s", "--listen", ":0"]);
    await sendToEach([`127.0.0.1:${service.port}`, `[::1]:${service.port}`]);
    await service.recordsUntil((records) => records.reduce((sum, each) => sum + each.A1_sum, 0) === 3);
    assert.equal((await service.stop()).code, 0);
  });
}

for (const task of ["start", "start:sandbox"] as const) {
  test(`${task}: --rejected-sample writes a sample of the rejected messages to its file`, () =>
    withDirectory(async (directory) => {
      const path = `${directory}/rejected.jsonl`;
      await using service = await Service.start(task, ["--rejected-sample", path]);
      await sendDatagrams(service.port, [`{"A1":1}\n\x1b[2J\n${FIRST[0]}`, ...Array(50).fill("")]);
      const { code, totals } = await service.stop();
      assert.deepEqual([code, totals.accepted], [0, 1]);
      const lines = (await Deno.readTextFile(path)).trimEnd().split("\n").map((line) => JSON.parse(line));
      const [missing, syntax, ...empty] = lines.toSorted((a, b) => b.bytes - a.bytes);
      assert.deepEqual([missing.reason, missing.message, missing.bytes], ["missing_field", '{"A1":1}', 8]);
      assert.deepEqual([syntax.reason, syntax.message], ["syntax", "\\x1b[2J"]);
      for (const { from } of lines) assert.match(from, /^127\.0\.0\.1:\d+$/);
      // Each worker may post 10 samples per reason. The limit of 10 must also hold for all workers together.
      assert.deepEqual(empty.map(({ reason }) => reason), Array(10).fill("empty"));
    }));
}

test("a stop reads what is left in the sockets and writes the open windows as partial records", async () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    await using service = await Service.start("start");
    await sendDatagrams(service.port, Array.from({ length: 500 }, () => '{"A1":2,"A2":3,"A3":4}'));
    const { code, totals } = await service.stop(signal);
    assert.equal(code, 0);
    assert.equal(totals.received, 500);
    const records = await service.records();
    assert.deepEqual(records.map(({ timestamp: _, ...rest }) => rest), [
      { count_type: "10s", A1_sum: 1000, A2_max: 3, A3_min: 4, partial: true },
      { count_type: "60s", A1_sum: 1000, A2_max: 3, A3_min: 4, partial: true },
    ]);
  }
});

test("one sender's datagrams are spread over the sockets of all workers", async () => {
  await using service = await Service.start("start", ["--workers", "2"]);
  assert.equal(service.log.find((entry) => entry.event === "listening")!.receiving_sockets, 2);
  await sendDatagrams(service.port, Array.from({ length: 2000 }, () => '{"A1":1,"A2":1,"A3":1}'));
  const { totals } = await service.stop();
  const shares = totals.received_by_worker as number[];
  assert.equal(shares.length, 2);
  assert.equal(shares[0]! + shares[1]!, 2000);
  // The kernel picks a socket with probability 1/2: shares outside of 800 to 1,200 come once in 10^18 runs.
  for (const share of shares) assert.ok(share > 800 && share < 1200, `shares: ${shares}`);
});

test("the log states what was set up, and how to get a receiver that uses every worker", async () => {
  await using service = await Service.start("start:sandbox", [
    "--windows",
    "2s,4s",
    "--align",
    "epoch",
    "--workers",
    "3",
  ]);
  const {
    address,
    receiver,
    workers,
    receiving_sockets,
    receive_buffer,
    windows,
    align,
    file,
    drops_counted,
  } = service.log.find((entry) => entry.event === "listening")!;
  assert.deepEqual(
    { address, receiver, workers, receiving_sockets, receive_buffer, windows, align, file, drops_counted },
    {
      address: `127.0.0.1:${service.port}`,
      receiver: "datagram",
      workers: 3,
      receiving_sockets: 1,
      receive_buffer: null,
      windows: "2s,4s",
      align: "epoch",
      file: service.out,
      drops_counted: false,
    },
  );
  assert.ok(
    service.log.some((entry) => entry.event === "receiver" && /--receiver reuseport/.test(entry.message)),
  );
});

/** Flags that make the start fail: its exit code, and its one line on stderr that says what to change. */
const REFUSED: [flags: string[], code: number, line: RegExp][] = [
  [["--lisen", "127.0.0.1:1"], 2, /^error: Unknown flag "--lisen": did you mean --listen\?$/],
  [["--workers", "0"], 2, /^error: Cannot use "0" for --workers: .*1 to 64$/],
  [["--windows", "10s,25s"], 2, /^error: Cannot use "10s,25s" for --windows: 25s is not a multiple/],
  [
    ["--listen", "192.0.2.1:7777"],
    1,
    /^error: Cannot listen on 192\.0\.2\.1:7777: .*--allow-net=192\.0\.2\.1:7777$/,
  ],
  [["--out", "elsewhere/x.jsonl"], 1, /^error: Cannot open elsewhere\/x\.jsonl: .*--allow-read=elsewhere.*$/],
];

test("a start with wrong flags prints one line on stderr and ends with its exit code", async () => {
  for (const [flags, code, line] of REFUSED) {
    const ended = await runToEnd("start", flags);
    assert.equal(ended.code, code, `${flags.join(" ")}: ${ended.stderr}`);
    assert.match(ended.stderr.trimEnd(), line);
    assert.equal(ended.stderr.trimEnd().split("\n").length, 1, ended.stderr);
    assert.equal(ended.stdout, "");
  }
});

test("a start fails when --out leads through a symbolic link to a directory without permission", () =>
  withDirectory(async (directory) => {
    await makeSymlink("/tmp", `${directory}/link`);
    for (const name of ["sluice-none.jsonl", "sluice-none/x.jsonl"]) {
      const out = `${directory}/link/${name}`;
      const { code, stderr } = await runToEnd("start", ["--out", out]);
      assert.equal(code, 1);
      assert.equal(
        stderr,
        `error: Cannot open ${out}: a symbolic link leads to /tmp/${name}, which --allow-read does not cover\n`,
      );
    }
  }));

test("a start fails when another program holds the port, and the error names the address", async () => {
  const holder = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const { port } = holder.addr as Deno.NetAddr;
  for (const task of ["start", "start:sandbox"]) {
    const { code, stderr } = await runToEnd(task, ["--listen", `127.0.0.1:${port}`]);
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`error: Cannot listen on 127\\.0\\.0\\.1:${port}: .*in use`));
  }
  holder.close();
});

test("--help and --version print to stdout and exit 0", async () => {
  const help = await runToEnd("start", ["--help"]);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /--listen HOST:PORT +SLUICE_LISTEN +0\.0\.0\.0:9999/);
  const version = await runToEnd("start", ["--version"]);
  assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/);
});
