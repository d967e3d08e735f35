import assert from "node:assert/strict";
import { type Certificate, tlsContext, TlsStream, tryHandshake } from "../../../src/shared/http/tls.ts";
import { type Authority, makeAuthority } from "../../support/http/certificates.ts";

async function issued(): Promise<{ authority: Authority; pair: Certificate }> {
  const authority = await makeAuthority();
  const { certificate: cert, key } = await authority.issue("127.0.0.1");
  return { authority, pair: { cert, key } };
}

/** Opens a connection over loopback and returns both ends; the server's end is a TLS stream. */
async function connected(pair: Certificate): Promise<{ client: Deno.TcpConn; server: TlsStream }> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const [client, conn] = await Promise.all([
    Deno.connect({ hostname: "127.0.0.1", port }),
    listener.accept(),
  ]);
  return { client, server: new TlsStream(conn, tlsContext(pair)) };
}

const bytes = (text: string) => new TextEncoder().encode(text);

async function readText(from: Pick<Deno.Conn, "read">, max = 1000): Promise<string | null> {
  const buffer = new Uint8Array(max);
  const count = await from.read(buffer);
  return count === null ? null : new TextDecoder().decode(buffer.subarray(0, count));
}

Deno.test({
  name: "tls: bytes go both ways, and the stream ends with a close_notify",
  permissions: { net: ["127.0.0.1"] },
  async fn() {
    const { authority, pair } = await issued();
    const { client, server } = await connected(pair);
    using secure = await Deno.startTls(client, {
      hostname: "127.0.0.1",
      caCerts: [authority.certificate],
    });
    await secure.write(bytes("question"));
    assert.equal(await readText(server, 5), "quest");
    assert.equal(await readText(server), "ion");
    const long = "answer ".repeat(20_000);
    const writing = server.write(bytes(long)).then(() => server.finish());
    let received = "";
    for (let part = await readText(secure); part !== null; part = await readText(secure)) received += part;
    assert.equal(received, long);
    await writing;
    assert.equal(server.remoteAddr.hostname, "127.0.0.1");
    server.close();
  },
});

const STRANGERS: readonly (readonly [what: string, bytes: readonly number[]])[] = [
  ["nothing", []],
  ["half a ClientHello", [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]],
  ["a request without TLS", [...bytes("GET / HTTP/1.1\r\n\r\n")]],
  ["a record that claims the greatest length", [0x16, 3, 1, 0xff, 0xff, ...Array(100).fill(1)]],
  ["an alert", [0x15, 3, 3, 0, 2, 2, 40]],
  ["zeros", Array(2000).fill(0)],
];

for (const [what, sent] of STRANGERS) {
  Deno.test({
    name: `tls: closing the stream ends the connection of a client that sends ${what} instead of a handshake`,
    permissions: { net: ["127.0.0.1"] },
    async fn() {
      const { pair } = await issued();
      const { client, server } = await connected(pair);
      using _client = client;
      await client.write(Uint8Array.from(sent)).catch(() => {});
      const reading = assert.rejects(server.read(new Uint8Array(10)));
      await assert.rejects(server.write(bytes("408")), Deno.errors.NotConnected);
      server.close();
      await reading;
      // The read returns at once, with the end of the stream or a reset.
      await client.read(new Uint8Array(100)).catch(() => {});
    },
  });
}

Deno.test({
  name: "tls: the stream ends when the client leaves in the middle of the handshake",
  permissions: { net: ["127.0.0.1"] },
  async fn() {
    const { pair } = await issued();
    const { client, server } = await connected(pair);
    await client.write(Uint8Array.from(STRANGERS[1]![1]));
    client.close();
    const ended = await server.read(new Uint8Array(10)).catch((error: Error) => error);
    assert.ok(ended === null || ended instanceof Error);
    server.close();
  },
});

Deno.test({
  name: "tls: a trial handshake fails if the certificate and the key do not match or can't be read",
  permissions: "none",
  async fn() {
    const [{ pair }, other] = [await issued(), await issued()];
    await tryHandshake(pair);
    await assert.rejects(tryHandshake({ cert: pair.cert, key: other.pair.key }));
    await assert.rejects(tryHandshake({ cert: "none", key: pair.key }));
    await assert.rejects(tryHandshake({ cert: pair.cert, key: "none" }));
  },
});
