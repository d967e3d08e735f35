import type { Entrant } from "../contest.ts";
import type { Program } from "../processes.ts";

/** What a contender has to serve, and where. */
export interface Place {
  /** An absolute path; it may write there. */
  readonly directory: string;
  /** Of 127.0.0.1, and free. */
  readonly port: number;
  readonly clusters: number;
  /** The core it will run on. */
  readonly core: number;
}

/** Redirects one in ten requests to the origin, and nine to the CDN; see traffic.ts. */
export interface Contender extends Entrant {
  /** Writes what the program needs, and says how to start it. */
  prepare(place: Place): Promise<Program>;
}
