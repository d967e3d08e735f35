/** Simulates a destination and its prober on simulated time. */
import type { Check } from "../../../src/balancer/routes/route_options.ts";
import { type Judged, type Outcome, Verdict } from "../../../src/balancer/health/verdict.ts";

/** Returns the outcome of a probe that begins at this time, and how long the probe takes. */
export type Behaviour = (beganMs: number) => { outcome: Outcome; takesMs: number };

export interface Change {
  readonly ms: number;
  readonly judged: Judged;
  readonly reason: string;
}

export interface Run {
  readonly changes: readonly Change[];
  readonly beganMs: readonly number[];
  /** The largest number of probes that ran at once. */
  readonly atOnce: number;
}

/** Probes until `untilMs`, like a prober that is never late. */
export function probeFor(
  untilMs: number,
  check: Omit<Check, "path">,
  behaviour: Behaviour,
  random: () => number = () => 0,
): Run {
  const verdict = new Verdict(check, 0, random);
  const changes: Change[] = [];
  const beganMs: number[] = [];
  let atOnce = 0;
  let pending: { endsMs: number; outcome: Outcome }[] = [];
  for (;;) {
    const [first] = pending = pending.toSorted((one, other) => one.endsMs - other.endsMs);
    const nowMs = Math.min(first?.endsMs ?? Infinity, verdict.dueMs);
    if (nowMs > untilMs) return { changes, beganMs, atOnce };
    if (first !== undefined && first.endsMs <= verdict.dueMs) {
      pending = pending.slice(1);
      const before = verdict.judged;
      verdict.ended(first.outcome, nowMs);
      const { judged, reason } = verdict;
      if (judged !== before) changes.push({ ms: nowMs, judged, reason });
    } else {
      const { outcome, takesMs } = behaviour(nowMs);
      verdict.began(nowMs);
      beganMs.push(nowMs);
      pending.push({ endsMs: nowMs + takesMs, outcome });
      atOnce = Math.max(atOnce, pending.length);
    }
  }
}
