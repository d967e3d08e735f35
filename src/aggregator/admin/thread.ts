import { formatHostPort, type HostPort } from "../../shared/address.ts";
import type { Log } from "../../shared/log.ts";
import { requireNet } from "../../shared/net_permission.ts";
import { startWorkerThread, type WorkerHandle } from "../../shared/worker_thread.ts";
import type { BoardMemory } from "./board.ts";
import type { Facts } from "./facts.ts";
import type { FromAdmin, ToAdmin } from "./messages.ts";
import { messageOf } from "../../shared/error_message.ts";

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
 * Starts the admin thread. Its only permission is that for its address, and it drops this one once it
 * listens. If it dies later, that is logged and the service continues without it.
 *
 * @throws {Error} The thread can't listen: the address is in use, or the permission for it is missing.
 */
export async function startAdmin(options: AdminThreadOptions): Promise<WorkerHandle<ToAdmin>> {
  const { url, address: { hostname, port }, memory, facts, log } = options;
  const host = formatHostPort({ hostname, port });
  requireNet(`listen on ${host} for --admin`, [{ hostname, port }], ", or --admin off");
  const ready = Promise.withResolvers<number>();
  let isListening = false;
  const thread = startWorkerThread<ToAdmin, FromAdmin>(url, { net: [host] }, {
    said(message) {
      if (message.kind === "failed") return ready.reject(new Error(message.reason));
      if (message.kind === "accept") return tellAccept(log, message);
      if (message.held.length === 0) return ready.resolve(message.port);
      ready.reject(new Error(`the thread could not drop its permissions: ${message.held.join(", ")}`));
    },
    died(reason) {
      if (!isListening) return ready.reject(new Error(reason));
      log.error("admin_lost", "the admin thread died; the service goes on without its admin port", {
        reason,
      });
    },
  });
  thread.post({ hostname, port, memory, facts, nowMs: options.monotonicMs() });
  try {
    const listening = await ready.promise;
    isListening = true;
    log.info("admin", "serving metrics, health checks and the page", {
      address: formatHostPort({ hostname, port: listening }),
    });
    return thread;
  } catch (error) {
    thread.terminate();
    const reason = messageOf(error);
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
