/**
 * Observes services in containers as an operator does: by their logs and by the files that they write.
 *
 * @module
 */

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Returns a port that nobody listens on. */
export function freePort(transport: "tcp" | "udp"): number {
  const address = { hostname: "127.0.0.1", port: 0 };
  const socket = transport === "tcp"
    ? Deno.listen(address)
    : Deno.listenDatagram({ ...address, transport: "udp" });
  socket.close();
  return (socket.addr as Deno.NetAddr).port;
}

export interface Logged {
  event: string;
  [field: string]: unknown;
}

/** Reads a log line by line. */
export class LogReader {
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly seen: string[] = [];

  constructor(stderr: ReadableStream<Uint8Array<ArrayBuffer>>) {
    let rest = "";
    const toLines = new TransformStream<string, string>({
      transform(text, controller) {
        const lines = (rest + text).split("\n");
        rest = lines.pop()!;
        for (const line of lines) controller.enqueue(line);
      },
    });
    this.#lines = stderr.pipeThrough(new TextDecoderStream()).pipeThrough(toLines).getReader();
  }

  /** Reads up to an event. @throws {Error} The log ends before the event. */
  async until(event: string): Promise<Logged> {
    for (;;) {
      const { value: line, done } = await this.#lines.read();
      if (done) throw new Error(`The container ended without the event "${event}":\n${this.seen.join("\n")}`);
      this.seen.push(line);
      const logged: Logged = line.startsWith("{") ? JSON.parse(line) : { event: "" };
      if (logged.event === event) return logged;
    }
  }
}

export interface MetricsRecord {
  timestamp: number;
  count_type: string;
  A1_sum: number;
  A2_max: number;
  A3_min: number;
  partial?: true;
}

/**
 * Reads the records of a file until `enough` holds for them.
 *
 * @throws {Error} It does not hold within 10 s.
 */
export async function recordsOnce(
  file: string,
  enough: (records: MetricsRecord[]) => boolean,
): Promise<MetricsRecord[]> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const text = await Deno.readTextFile(file).catch((error) => {
      if (error instanceof Deno.errors.NotFound) return "";
      throw error;
    });
    const records = text.split("\n").slice(0, -1).map((line): MetricsRecord => JSON.parse(line));
    if (enough(records)) return records;
    if (performance.now() > deadline) {
      throw new Error(`Still missing a record after 10 s; the file reads:\n${text}`);
    }
    await pause(20);
  }
}
