import assert from "node:assert/strict";
import { formatAddresses, openPort, type PortOptions } from "../../../src/aggregator/receive/port.ts";
import { LIBC_PATHS } from "../../../src/shared/libc.ts";

const OPTIONS: PortOptions = {
  addresses: [{ hostname: "127.0.0.1", port: 0 }],
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

test("auto chooses reuseport with permission for FFI; datagram with several workers is a warning", {
  net: ["127.0.0.1"],
  ffi: [...LIBC_PATHS],
}, () => {
  assert.deepEqual(open({}), ["reuseport", 2, ""]);
  const [kind, receivingSockets, warnings] = open({ receiver: "datagram" });
  assert.deepEqual([kind, receivingSockets], ["datagram", 1]);
  assert.match(warnings, /one worker of 2.*--receiver reuseport/);
  assert.equal(open({ receiver: "datagram", workers: 1 })[2], "");
});

test("auto falls back to datagram without permission for FFI, and warns why", { net: ["127.0.0.1"] }, () => {
  const [kind, , warnings] = open({});
  assert.equal(kind, "datagram");
  assert.match(warnings, /falling back.*--allow-ffi=\/lib/);
  assert.throws(() => open({ receiver: "reuseport" }), /--allow-ffi=.*or choose --receiver datagram/);
});

test(
  "sockets opened through FFI obey --allow-net, too",
  { net: ["127.0.0.1:1"], ffi: [...LIBC_PATHS] },
  () => {
    assert.throws(
      () => open({ addresses: [{ hostname: "127.0.0.1", port: 9 }] }),
      /net permission is missing; run with --allow-net=127\.0\.0\.1:9$/,
    );
    assert.throws(
      () => open({ addresses: [{ hostname: "127.0.0.1", port: 1 }, { hostname: "::", port: 9 }] }),
      /--allow-net=127\.0\.0\.1:1,\[::\]:9$/,
    );
  },
);

test("addresses are formatted as --listen takes them", "none", () => {
  assert.equal(formatAddresses([{ hostname: "127.0.0.1", port: 1 }]), "127.0.0.1:1");
  assert.equal(
    formatAddresses([{ hostname: "::1", port: 2 }, { hostname: "0.0.0.0", port: 3 }]),
    "[::1]:2,0.0.0.0:3",
  );
});

const SEVERAL = [1, 2].map(() => ({ hostname: "127.0.0.1", port: 0 }));

test("several addresses are one port, with a socket for each address and worker", {
  net: ["127.0.0.1"],
  ffi: [...LIBC_PATHS],
}, () => {
  const port = openPort({ ...OPTIONS, addresses: SEVERAL }, () => {});
  assert.equal(new Set(port.addresses.map((address) => address.port)).size, 2);
  assert.equal(port.receivingSockets, 4);
  const orders = [0, 1].map((index) => port.orderOf(index));
  assert.equal(new Set(orders.flatMap(({ fds }) => fds)).size, 4);
  assert.equal(new Set(orders.map(({ wakeup }) => wakeup)).size, 2);
  assert.equal(port.dropped(), 0);
  port.stopAccepting();
  port.close();
  const datagram = openPort({ ...OPTIONS, addresses: SEVERAL, receiver: "datagram" }, () => {});
  assert.deepEqual([datagram.addresses, datagram.receivingSockets], [SEVERAL, 2]);
});

test(
  "no address stays open when one of several can't be opened",
  { net: ["127.0.0.1"], ffi: [...LIBC_PATHS] },
  () => {
    const holder = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
    const free = openPort({ ...OPTIONS, workers: 1 }, () => {});
    const [address] = free.addresses;
    free.close();
    const addresses = [address!, { hostname: "127.0.0.1", port: (holder.addr as Deno.NetAddr).port }];
    assert.throws(() => openPort({ ...OPTIONS, addresses }, () => {}), /in use/);
    // Without SO_REUSEPORT the kernel refuses this socket if another socket of the port is still open.
    Deno.listenDatagram({ transport: "udp", ...address! }).close();
    holder.close();
  },
);

test("an empty host means [::], and 0.0.0.0 on a machine without IPv6", "none", () => {
  // The error about the missing permission names the address that was chosen.
  const opens = () => openPort({ ...OPTIONS, addresses: [{ hostname: "", port: 9 }] }, () => {});
  assert.throws(opens, /--allow-net=\[::\]:9$/);
  const { listenDatagram } = Deno;
  Deno.listenDatagram = () => {
    throw new Error("Address family not supported by protocol (os error 97)");
  };
  try {
    assert.throws(opens, /--allow-net=0\.0\.0\.0:9$/);
  } finally {
    Deno.listenDatagram = listenDatagram;
  }
});
