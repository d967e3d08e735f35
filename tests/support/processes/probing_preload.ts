/** For `--preload`: when the service has logged that it listens, its main thread tries what it is not allowed to. */
import { notDenied } from "./permission_probe.ts";

const write = Deno.stderr.writeSync.bind(Deno.stderr);
Deno.stderr.writeSync = (bytes) => {
  const written = write(bytes);
  if (new TextDecoder().decode(bytes).includes('"event":"listening"')) {
    write(new TextEncoder().encode(JSON.stringify({ event: "probe", notDenied: notDenied() }) + "\n"));
  }
  return written;
};
