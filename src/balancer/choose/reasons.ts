/** Why a video goes where it goes; the place of each in {@linkcode REASONS}. */
export const Reason = {
  /** It was this destination's turn. */
  turn: 0,
  /** The path of the video leads there. */
  path: 1,
  /** The destination whose turn or path it was is down. */
  failover: 2,
  /** It was the origin's turn, and the origin has all that it takes in this second. */
  originLimit: 3,
  /** An operator keeps the destination whose turn or path it was from taking it. */
  forced: 4,
} as const;

export type Reason = typeof Reason[keyof typeof Reason];

/** Their names in metrics and answers. */
export const REASONS = ["turn", "path", "failover", "origin-limit", "forced"] as const;
