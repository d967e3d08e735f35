/** A worker thread with clients that send a head byte by byte, and reconnect whenever they are closed. */
interface Scope {
  onmessage: (event: MessageEvent<{ port: number; senders: number; pauseMs: number }>) => void;
  postMessage(message: string): void;
}

const scope = self as unknown as Scope;
const HEAD = new TextEncoder().encode(`GET / HTTP/1.1\r\nX: ${"x".repeat(1000)}`);

async function send(port: number, pauseMs: number, connected: () => void): Promise<void> {
  for (;;) {
    try {
      using connection = await Deno.connect({ hostname: "127.0.0.1", port });
      connected();
      for (let at = 0; at < HEAD.length; at++) {
        await connection.write(HEAD.subarray(at, at + 1));
        await new Promise((resolve) => setTimeout(resolve, pauseMs * (0.5 + Math.random())));
      }
    } catch {
      // The balancer has closed the slow connection.
    }
  }
}

scope.onmessage = async ({ data: { port, senders, pauseMs } }) => {
  await Promise.all(
    Array.from({ length: senders }, () => new Promise<void>((resolve) => void send(port, pauseMs, resolve))),
  );
  scope.postMessage("connected");
};
