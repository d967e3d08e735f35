/** Bytes from and to a client, as TCP or TLS has them. After `close`, what waits for the client is rejected. */
export interface Stream
  extends Pick<Deno.Conn<Deno.NetAddr>, "read" | "write" | "closeWrite" | "close" | "remoteAddr"> {
  /** Has each write sent at once, even while the client has not confirmed the one before (RFC 9293, 3.7.4). */
  setNoDelay?(): void;
  /** What is to be said before `close`, so that the client can tell the end from a cut. */
  finish?(): Promise<void>;
}

/** For what is said in several writes: the second one does not wait until the client confirms the first. */
export function sendAtOnce(stream: Stream): void {
  try {
    stream.setNoDelay?.();
  } catch {
    // The client has gone already, which the first read tells.
  }
}
