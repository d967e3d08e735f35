import { formatHostPort, type HostPort } from "../../shared/address.ts";
import type { Log } from "../../shared/log.ts";
import type { BoardMemory } from "./board.ts";
import type { Facts } from "./facts.ts";
import type { FromAdmin, ToAdmin } from "./messages.ts";

export interface AdminThreadOptions {
  /** The module of the thread. */
  readonly url: URL;
  readonly address: HostPort;
  readonly memory: BoardMemory;
  readonly facts: Facts;
  readonly log: Log;
  readonly monotonicMs: () => number;
}

/**
 * Starts the admin thread with the permission for its address alone, which it gives up once it listens. Whatever
 * becomes of it then is a line in the log: the service goes on.
 *
 * @throws {Error} It can't listen: the address is in use, or the permission for it is missing.
 */
export async function startAdmin(options: AdminThreadOptions): Promise<Pick<Worker, "terminate">> {
  const { url, address: { hostname, port }, memory, facts, log } = options;
  const host = formatHostPort({ hostname, port });
  if (Deno.permissions.querySync({ name: "net", host }).state !== "granted") {
    throw new Deno.errors.NotCapable(
      `Cannot listen on ${host} for --admin: net permission is missing; run with --allow-net=${host}, or --admin off`,
    );
  }
  const worker = new Worker(url, {
    type: "module",
    // Every kind is named: what is left out would be inherited.
    deno: {
      permissions: {
        net: [host],
        read: false,
        write: false,
        env: false,
        run: false,
        sys: false,
        import: false,
        ffi: false,
      },
    },
  });
  const ready = Promise.withResolvers<number>();
  let isListening = false;
  const died = (reason: string) => {
    if (!isListening) return ready.reject(new Error(reason));
    log.error("admin_lost", "the admin port answers no more; the service goes on without it", { reason });
  };
  worker.onmessage = ({ data }: MessageEvent<FromAdmin>) => {
    if (data.kind === "failed") return ready.reject(new Error(data.reason));
    if (data.kind === "accept") return tellAccept(log, data);
    if (data.held.length === 0) return ready.resolve(data.port);
    ready.reject(new Error(`the thread could not drop its permissions: ${data.held.join(", ")}`));
  };
  worker.onerror = (event) => {
    event.preventDefault(); // or its error would end this thread, too
    died(event.message);
  };
  worker.postMessage({ hostname, port, memory, facts, nowMs: options.monotonicMs() } satisfies ToAdmin);
  try {
    const listening = await ready.promise;
    isListening = true;
    log.info("admin", "metrics, health and the page", {
      address: formatHostPort({ hostname, port: listening }),
    });
    return worker;
  } catch (error) {
    worker.terminate();
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `Cannot listen on ${host} for --admin: ${reason}; choose another address, or --admin off`,
      {
        cause: error,
      },
    );
  }
}

function tellAccept(log: Log, { failing, detail }: FromAdmin & { kind: "accept" }): void {
  if (failing) {
    log.error("admin_accept_failing", "the admin port can't accept connections", { reason: detail });
  } else log.info("admin_accept_recovered", "the admin port accepts connections again", { failures: detail });
}
