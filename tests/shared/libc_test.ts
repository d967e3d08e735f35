import assert from "node:assert/strict";
import {
  addressOf,
  canOpenLibc,
  hostPortOf,
  LIBC_PATHS,
  memmove,
  memread,
  messageHeaders,
  openLibc,
  sockaddr,
} from "../../src/shared/libc.ts";
import { formatHostPort } from "../../src/shared/address.ts";

const SYMBOLS = { memmove, memread } as const;

function testLibc(name: string, fn: (libc: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"]) => void): void {
  Deno.test({
    name,
    permissions: { ffi: [...LIBC_PATHS] },
    fn() {
      const library = openLibc(SYMBOLS);
      try {
        fn(library.symbols);
      } finally {
        library.close();
      }
    },
  });
}

Deno.test({
  name: "libc: without permission the error names the missing flag",
  permissions: "none",
  fn() {
    assert.equal(canOpenLibc(), false);
    assert.throws(() => openLibc(SYMBOLS), (error) => {
      assert.ok(error instanceof Deno.errors.NotCapable);
      assert.match(
        error.message,
        /--allow-ffi=\/lib\/x86_64-linux-gnu\/libc\.so\.6,.*,\/usr\/lib\/libc\.so\.6$/,
      );
      return true;
    });
  },
});

Deno.test({
  name: "libc: paths that are not granted or do not exist are skipped",
  permissions: { ffi: [...LIBC_PATHS] },
  fn() {
    assert.equal(canOpenLibc(), true);
    // In one of the two orders, a path that this machine does not have comes before the one it has.
    openLibc(SYMBOLS, ["/not/granted/libc.so.6", ...LIBC_PATHS]).close();
    openLibc(SYMBOLS, [...LIBC_PATHS].reverse()).close();
  },
});

// A path that does not exist here: this machine is either x86-64 or ARM, so the other one's path is missing.
const foreign = LIBC_PATHS[Deno.build.arch === "x86_64" ? 1 : 0]!;

Deno.test({
  name: "libc: when no granted path can be opened, the error names the paths",
  permissions: { ffi: [foreign] },
  fn() {
    assert.equal(canOpenLibc(), false);
    assert.throws(() => openLibc(SYMBOLS), (error) => {
      assert.ok(error instanceof Error && !(error instanceof Deno.errors.NotCapable));
      assert.ok(error.message.startsWith("Cannot open the C library: ") && error.message.includes(foreign));
      return true;
    });
  },
});

testLibc("libc: an address stays valid, even for a small array that V8 had allocated on its heap", (libc) => {
  for (const bytes of [1, 8, 64, 65, 4096]) {
    const view = new Uint8Array(bytes).fill(1);
    const address = addressOf(libc.memmove, view);
    // Enough garbage to make the collector move every object that it can move.
    for (let i = 0; i < 200_000; i++) new Uint8Array(32).fill(i);
    view.fill(7);
    const read = new Uint8Array(bytes);
    libc.memread(read, address, BigInt(bytes));
    assert.deepEqual(read, view);
  }
});

testLibc("libc: the address of a subarray is the address of its first byte", (libc) => {
  const whole = new Uint16Array(100);
  const part = whole.subarray(10, 20);
  assert.equal(addressOf(libc.memmove, part), addressOf(libc.memmove, whole) + 20n);
});

testLibc("libc: an empty view has no address", (libc) => {
  assert.throws(() => addressOf(libc.memmove, new Uint8Array()), RangeError);
});

testLibc("libc: each message header points to its slot of the data", (libc) => {
  const data = new Uint8Array(new ArrayBuffer(3 * 100 + 50));
  const headers = messageHeaders(libc.memmove, data, 100);
  assert.equal(headers.words.length, 3 * 16);
  const word = (address: bigint) => {
    const read = new BigUint64Array(1);
    libc.memread(read, address, 8n);
    return read[0]!;
  };
  for (let slot = 0; slot < 3; slot++) {
    const header = headers.address + BigInt(64 * slot);
    const iovec = word(header + 16n);
    assert.equal(word(header + 24n), 1n, "msg_iovlen");
    assert.equal(word(iovec), addressOf(libc.memmove, data) + BigInt(100 * slot), "iov_base");
    assert.equal(word(iovec + 8n), 100n, "iov_len");
    headers.iovecs[4 * slot + 2] = slot;
    assert.equal(word(iovec + 8n), BigInt(slot), "iov_len, written through iovecs");
  }
});

const ADDRESSES: [hostname: string, port: number, family: number, hex: string][] = [
  ["127.0.0.1", 9999, 2, "0200270f7f0000010000000000000000"],
  ["255.255.255.255", 65_535, 2, "0200ffffffffffff0000000000000000"],
  ["::", 1, 10, "0a00000100000000" + "00".repeat(20)],
  ["::1", 9999, 10, "0a00270f00000000" + "00".repeat(15) + "01" + "00000000"],
  ["2001:db8::7:8", 9999, 10, "0a00270f00000000" + "20010db8" + "00".repeat(8) + "00070008" + "00000000"],
  ["1:2:3:4:5:6:7:8", 9999, 10, "0a00270f00000000" + "00010002000300040005000600070008" + "00000000"],
  ["fe80::", 9999, 10, "0a00270f00000000" + "fe80" + "00".repeat(14) + "00000000"],
  ["::ffff:10.0.0.1", 9999, 10, "0a00270f00000000" + "00".repeat(10) + "ffff0a000001" + "00000000"],
];

Deno.test({
  name: "libc: socket addresses have the layout that the kernel reads",
  permissions: "none",
  fn() {
    for (const [hostname, port, family, hex] of ADDRESSES) {
      const address = sockaddr(hostname, port);
      assert.deepEqual({ family: address.family, hex: address.bytes.toHex() }, { family, hex }, hostname);
      const canonical = new URL(`http://${formatHostPort({ hostname, port })}`).hostname;
      assert.equal(hostPortOf(address.bytes), `${canonical}:${port}`);
    }
    assert.equal(hostPortOf(new Uint8Array(28)), undefined, "no family");
  },
});

Deno.test({
  name: "libc: an invalid IP address is refused",
  permissions: "none",
  fn() {
    for (
      const hostname of [
        "",
        "localhost",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.256",
        "1.2.3.-4",
        "::g",
        "1:2",
        "[::1]",
        "::1/@",
      ]
    ) {
      assert.throws(() => sockaddr(hostname, 1), SyntaxError, hostname);
    }
  },
});
