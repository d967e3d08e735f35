import type { BoardMemory } from "./board.ts";
import type { Facts } from "./facts.ts";

/**
 * The only message that the master sends to the admin thread. After it the thread reads only shared memory.
 */
export interface ToAdmin {
  readonly hostname: string;
  readonly port: number;
  readonly memory: BoardMemory;
  readonly facts: Facts;
  /** When the message was sent, in milliseconds of the master's monotonic clock. */
  readonly nowMs: number;
}

export type FromAdmin =
  /** `held` names the permissions that the thread could not drop, normally none. */
  | { readonly kind: "listening"; readonly port: number; readonly held: string[] }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "accept"; readonly failing: boolean; readonly detail: string | number };
