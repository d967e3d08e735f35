/** Viewers of the balancer: each has a connection of its own, and asks for one thing after the other on it. */
import { FILM } from "../simulated/balancer_in_process.ts";

/** No change takes longer to reach every worker, on the busiest machine. */
const PATIENCE_MS = 10_000;

export interface Answer {
  readonly status: number;
  /** Where it leads; empty if nowhere. */
  readonly location: string;
  /** None comes after it on this connection. */
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

/** So many viewers that every worker has some: the kernel deals them out at random. Nobody takes a turn. */
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

  /** Asks, as HEAD, until each was answered as wanted. @throws {Error} One wasn't within 10 s. */
  async until(wanted: (answer: Answer) => boolean, path = FILM): Promise<void> {
    const beganMs = performance.now();
    for (let left = this.#viewers; left.length > 0;) {
      const answers = await Promise.all(left.map((viewer) => viewer.ask(path, "HEAD")));
      if (performance.now() - beganMs > PATIENCE_MS) {
        throw new Error(`${left.length} viewers are answered wrong: ${Deno.inspect(answers[0])}`);
      }
      left = left.filter((_, at) => !wanted(answers[at]!));
    }
  }

  [Symbol.dispose](): void {
    for (const viewer of this.#viewers) viewer[Symbol.dispose]();
  }
}

/** Viewers who ask on and on, until they are told to stop or are sent away. */
export class Crowd {
  readonly #ended: Promise<PromiseSettledResult<void>[]>;
  #isOver = false;
  /** How many answers came so far. */
  answers = 0;

  /** @param saw is given each answer and the number of the viewer; what it throws is thrown at the end */
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

  /** Lets them go home. @throws {Error} One had no answer, or one that was not right. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await this.sentAway();
  }

  /** Waits until all of them were sent away. @throws as {@linkcode stop} */
  async sentAway(): Promise<void> {
    const failed = (await this.#ended).find(({ status }) => status === "rejected");
    if (failed) throw (failed as PromiseRejectedResult).reason;
  }
}
