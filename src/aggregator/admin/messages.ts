import type { BoardMemory } from "./board.ts";
import type { Facts } from "./facts.ts";

/** The one message that the admin thread is sent; from there on it reads numbers in shared memory. */
export interface ToAdmin {
  readonly hostname: string;
  readonly port: number;
  readonly memory: BoardMemory;
  readonly facts: Facts;
  /** The moment at which this was sent, by the master's monotonic clock in milliseconds. */
  readonly nowMs: number;
}

export type FromAdmin =
  /** `held` names the permissions still there: none. */
  | { readonly kind: "listening"; readonly port: number; readonly held: string[] }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "accept"; readonly failing: boolean; readonly detail: string | number };
