/** Viewers of the balancer. Each has its own connection and sends one request after the other. */
import { FILM } from "../simulated/balancer_in_process.ts";

/** The deadline for a change to reach every worker; long enough for a busy machine. */
const PATIENCE_MS = 10_000;

export interface Answer {
  readonly status: number;
  /** The target of the redirect; empty if the answer is not a redirect. */
  readonly location: string;
  /** Whether the balancer closes the connection after this answer. */
  readonly isLast: boolean;
}

export class Viewer implements Disposable {
  readonly #connection: Deno.TcpConn;
  readonly #buffer = new Uint8Array(4096);

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  static async connect(port: number): Promise<Viewer> {
    return new Viewer(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** @throws {Error} The connection ended without the whole answer. */
  async ask(path = FILM, method: "GET" | "HEAD" = "GET"): Promise<Answer> {
    const request = new TextEncoder().encode(`${method} ${path} HTTP/1.1\r\nHost: balancer.example\r\n\r\n`);
    if (await this.#connection.write(request) < request.length) throw new Error("The request was cut");
    let text = "";
    for (let bytes = Infinity; text.length < bytes;) {
      const length = await this.#connection.read(this.#buffer);
      if (length === null) throw new Error(`The connection ended instead of an answer, after: ${text}`);
      text += new TextDecoder().decode(this.#buffer.subarray(0, length));
      const head = text.indexOf("\r\n\r\n");
      if (head < 0) continue;
      bytes = head + 4 + (method === "HEAD" ? 0 : Number(/^content-length: (\d+)\r$/im.exec(text)?.[1] ?? 0));
    }
    return {
      status: Number(text.slice("HTTP/1.1 ".length, "HTTP/1.1 301".length)),
      location: /^location: (.*)\r$/im.exec(text)?.[1] ?? "",
      isLast: /^connection: close\r$/im.test(text),
    };
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }
}

/**
 * So many viewers that every worker serves some, although the kernel assigns connections to workers at
 * random. They ask with HEAD, which does not count as a turn in the ratio.
 */
export class Audience implements Disposable {
  readonly #viewers: readonly Viewer[];

  private constructor(viewers: readonly Viewer[]) {
    this.#viewers = viewers;
  }

  /** With 16 viewers for each worker, fewer than one audience in 10^6 leaves a worker without any. */
  static async gather(port: number, workers: number): Promise<Audience> {
    const viewers = Array.from({ length: 16 * workers }, () => Viewer.connect(port));
    return new Audience(await Promise.all(viewers));
  }

  /** Asks until each viewer has had an answer as wanted. @throws {Error} A viewer had none within 10 s. */
  async until(wanted: (answer: Answer) => boolean, path = FILM): Promise<void> {
    const beganMs = performance.now();
    for (let left = this.#viewers; left.length > 0;) {
      const answers = await Promise.all(left.map((viewer) => viewer.ask(path, "HEAD")));
      if (performance.now() - beganMs > PATIENCE_MS) {
        throw new Error(
          `${left.length} viewers got no answer as wanted within 10 s; one got: ${Deno.inspect(answers[0])}`,
        );
      }
      left = left.filter((_, at) => !wanted(answers[at]!));
    }
  }

  [Symbol.dispose](): void {
    for (const viewer of this.#viewers) viewer[Symbol.dispose]();
  }
}

/**
 * Viewers who send one request after the other until `stop`, or until the balancer closes their connections.
 */
export class Crowd {
  readonly #ended: Promise<PromiseSettledResult<void>[]>;
  #isOver = false;
  /** The number of answers so far. */
  answers = 0;

  /** @param saw called with each answer and the viewer's number; its errors are thrown by `stop` */
  constructor(port: number, viewers: number, saw: (answer: Answer, viewer: number) => void) {
    const view = async (number: number) => {
      using viewer = await Viewer.connect(port);
      while (!this.#isOver) {
        const answer = await viewer.ask();
        this.answers++;
        saw(answer, number);
        if (answer.isLast) return;
      }
    };
    this.#ended = Promise.allSettled(Array.from({ length: viewers }, (_, number) => view(number)));
  }

  /**
   * Ends each viewer after the answer to the current request.
   *
   * @throws {Error} An answer is missing, or `saw` threw.
   */
  async stop(): Promise<void> {
    this.#isOver = true;
    await this.sentAway();
  }

  /** Waits until the balancer has closed every viewer's connection. @throws as {@linkcode stop} */
  async sentAway(): Promise<void> {
    const failed = (await this.#ended).find(({ status }) => status === "rejected");
    if (failed) throw (failed as PromiseRejectedResult).reason;
  }
}
