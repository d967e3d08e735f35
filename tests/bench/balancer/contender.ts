import type { AnyContender } from "../contest.ts";
import type { Program } from "../processes.ts";

/** What a contender must serve, and where. */
export interface Place {
  /** An absolute path, where the contender may write. */
  readonly directory: string;
  /** A free port of 127.0.0.1. */
  readonly port: number;
  readonly clusters: number;
  /** The core that it will run on. */
  readonly core: number;
}

/** A program that redirects one in ten requests to the origin, and nine to the CDN. See traffic.ts. */
export interface Contender extends AnyContender {
  /** Writes the files that the program needs, and returns how to start it. */
  prepare(place: Place): Promise<Program>;
}
