import assert from "node:assert/strict";
import { formatAddress, openPort, type PortOptions } from "../../../src/aggregator/receivers/port.ts";
import { LIBC_PATHS } from "../../../src/shared/libc.ts";

const OPTIONS: PortOptions = {
  hostname: "127.0.0.1",
  port: 0,
  receiver: "auto",
  workers: 2,
  bufferBytes: 100_000,
};

function test(name: string, permissions: Deno.PermissionOptions, fn: () => void): void {
  Deno.test({ name: `port: ${name}`, permissions, fn });
}

/** Opens a port and closes it; returns its kind, how many sockets receive, and the warnings. */
function open(options: Partial<PortOptions>): [kind: string, receivingSockets: number, warnings: string] {
  const warnings: string[] = [];
  const port = openPort({ ...OPTIONS, ...options }, (message) => warnings.push(message));
  port.close();
  return [port.kind, port.receivingSockets, warnings.join("; ")];
}

test("auto takes reuseport where it can", { net: ["127.0.0.1"], ffi: [...LIBC_PATHS] }, () => {
  assert.deepEqual(open({}), ["reuseport", 2, ""]);
  const [kind, receivingSockets, warnings] = open({ receiver: "datagram" });
  assert.deepEqual([kind, receivingSockets], ["datagram", 1]);
  assert.match(warnings, /one worker of 2.*--receiver reuseport/);
  assert.equal(open({ receiver: "datagram", workers: 1 })[2], "");
});

test("auto falls back to datagram, and says why", { net: ["127.0.0.1"] }, () => {
  const [kind, , warnings] = open({});
  assert.equal(kind, "datagram");
  assert.match(warnings, /falling back.*--allow-ffi=\/lib/);
  assert.throws(() => open({ receiver: "reuseport" }), /--allow-ffi=.*or choose --receiver datagram/);
});

test("FFI does not go around --allow-net", { net: ["127.0.0.1:1"], ffi: [...LIBC_PATHS] }, () => {
  assert.throws(() => open({ port: 9 }), /net permission is missing; run with --allow-net=127\.0\.0\.1:9$/);
  assert.throws(() => open({ hostname: "::", port: 9 }), /--allow-net=\[::\]:9$/);
});

test("addresses are written as they are given", "none", () => {
  assert.equal(formatAddress("127.0.0.1", 1), "127.0.0.1:1");
  assert.equal(formatAddress("::1", 2), "[::1]:2");
});
