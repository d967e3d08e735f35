/** Why a video goes to its destination. The values are indexes of {@linkcode REASONS}. */
export const Reason = {
  /** It was this destination's turn. */
  turn: 0,
  /** The path of the video decided. */
  path: 1,
  /** The destination that the turn or the path chose is down. */
  failover: 2,
  /** The turn or the path chose the origin, which is at its rate limit. */
  originLimit: 3,
  /** An operator forced the chosen destination down, or drained it or the chosen server of the origin. */
  forced: 4,
} as const;

export type Reason = typeof Reason[keyof typeof Reason];

/** The names of the reasons in metrics, logs and answers. */
export const REASONS = ["turn", "path", "failover", "origin-limit", "forced"] as const;
