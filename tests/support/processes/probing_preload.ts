/** For `--preload`: once the service listens, its main thread tries what it may not, and logs what worked. */
import { notDenied } from "./permission_probe.ts";

const write = Deno.stderr.writeSync.bind(Deno.stderr);
Deno.stderr.writeSync = (bytes) => {
  const written = write(bytes);
  if (new TextDecoder().decode(bytes).includes('"event":"listening"')) {
    write(new TextEncoder().encode(JSON.stringify({ event: "probe", notDenied: notDenied() }) + "\n"));
  }
  return written;
};
