/** The targets of the redirects: CDNs and an origin on local ports, which serve a stream from memory. */

const TYPES: Readonly<Record<string, string>> = {
  m3u8: "application/vnd.apple.mpegurl",
  mpd: "application/dash+xml",
  m4s: "video/mp4",
};

export type Files = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

export async function readFiles(directory: string): Promise<Files> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for await (const { name } of Deno.readDir(directory)) {
    files.set(name, await Deno.readFile(`${directory}/${name}`));
  }
  return files;
}

/** A video server, which can be stopped and started again on the same port. */
export class VideoServer implements AsyncDisposable {
  readonly #files: Files;
  #server: Deno.HttpServer<Deno.NetAddr>;
  readonly port: number;
  /** The number of segments sent. */
  segments = 0;

  /** @param port 0: any free port */
  constructor(files: Files, port = 0) {
    this.#files = files;
    this.#server = this.#serve(port);
    this.port = this.#server.addr.port;
  }

  start(): void {
    this.#server = this.#serve(this.port);
  }

  async stop(): Promise<void> {
    await this.#server.shutdown();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #serve(port: number): Deno.HttpServer<Deno.NetAddr> {
    return Deno.serve({ hostname: "127.0.0.1", port, onListen() {} }, ({ url }) => {
      const name = new URL(url).pathname.split("/").at(-1)!;
      const file = this.#files.get(name);
      if (file && name.endsWith(".m4s")) this.segments++;
      const headers = { "Access-Control-Allow-Origin": "*", "Connection": "close" };
      if (name === "ping") return new Response(null, { status: 204, headers });
      if (!file) return new Response(null, { status: 404, headers });
      return new Response(file, { headers: { ...headers, "Content-Type": TYPES[name.split(".").at(-1)!]! } });
    });
  }
}

/** Returns the stream's files with every URL in them leading through the balancer. */
export function throughBalancer(files: Files, redirectOf: (name: string) => string): Files {
  const led = new Map(files);
  const change = (name: string, by: (text: string) => string) =>
    led.set(name, new TextEncoder().encode(by(new TextDecoder().decode(files.get(name)!))));
  for (const name of files.keys()) {
    if (name.endsWith(".m3u8")) {
      change(name, (text) =>
        text.replace(/URI="([^"]+)"/g, (_, uri) => `URI="${redirectOf(uri)}"`)
          .replace(/^[^#\s].*$/gm, (uri) => redirectOf(uri)));
    }
    if (name.endsWith(".mpd")) {
      change(
        name,
        (text) =>
          text.replace(
            /(initialization|media)="([^"]+)"/g,
            (_, attribute, uri) => `${attribute}="${redirectOf(uri).replaceAll("%24", "$")}"`,
          ),
      );
    }
  }
  return led;
}
