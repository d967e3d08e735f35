/** A stream of bytes from and to a client, over TCP or TLS. `close` rejects pending reads and writes. */
export interface Stream
  extends Pick<Deno.Conn<Deno.NetAddr>, "read" | "write" | "closeWrite" | "close" | "remoteAddr"> {
  /**
   * Sends each write at once, without waiting for the acknowledgement of the write before (RFC 9293, 3.7.4).
   */
  setNoDelay?(): void;
  /** Called before `close`: tells the client that the data is complete, and not cut off. */
  finish?(): Promise<void>;
}

/** For answers of several writes: switches off the wait for an acknowledgement, unless the client is gone. */
export function sendAtOnce(stream: Stream): void {
  try {
    stream.setNoDelay?.();
  } catch {
    // The client is gone already; the first read will notice that.
  }
}
