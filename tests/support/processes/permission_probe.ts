import { LIBC_PATHS } from "../../../src/shared/libc.ts";

/** Real calls that need a permission, by the name of that permission. */
const ATTEMPTS: Record<string, () => unknown> = {
  "net listen": () => Deno.listen({ hostname: "127.0.0.1", port: 0 }).close(),
  "net datagram": () => Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 }).close(),
  "ffi dlopen": () => Deno.dlopen(LIBC_PATHS.find(isThere) ?? "", {}).close(),
  "ffi UnsafePointer": () => Deno.UnsafePointer.of(new Uint8Array(128)),
  "env": () => Deno.env.get("SLUICE_LISTEN"),
  "run": () => new Deno.Command(Deno.build.os === "windows" ? "cmd" : "true").outputSync(),
  "sys": () => Deno.hostname(),
  "read .env": () => Deno.statSync(".env"),
  "read deno.json": () => Deno.statSync("deno.json"),
  "read src": () => Deno.statSync("src"),
  "read data": () => Deno.statSync("data"),
  "write data": () => Deno.utimeSync("data", new Date(), new Date()),
  "write src": () => Deno.utimeSync("src", new Date(), new Date()),
  "worker with net": () => {
    const permissions = {
      net: true,
      read: false,
      write: false,
      env: false,
      run: false,
      sys: false,
      ffi: false,
    };
    new Worker("data:text/javascript,", { type: "module", deno: { permissions } }).terminate();
  },
};

/** The names of all attempts. */
export const ALL_ATTEMPTS: readonly string[] = Object.keys(ATTEMPTS);

/** Makes every attempt in this thread; returns those that were not denied, with what happened. */
export function notDenied(): Record<string, string> {
  const outcomes: Record<string, string> = {};
  for (const [name, attempt] of Object.entries(ATTEMPTS)) {
    try {
      attempt();
      outcomes[name] = "worked";
    } catch (error) {
      // Deno throws PermissionDenied when a new worker asks for more than its parent holds.
      const denied = error instanceof Deno.errors.NotCapable || error instanceof Deno.errors.PermissionDenied;
      if (!denied) outcomes[name] = String(error);
    }
  }
  return outcomes;
}

/** Tells by the architecture whether a library is there: a look at the file system may be denied. */
function isThere(path: string): boolean {
  return path.includes(Deno.build.arch);
}
