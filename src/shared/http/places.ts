/**
 * The connections of a listener, by what each waits for. Finds the connections that have waited too long, and
 * the one to close to make room for another. Closes nothing itself. Has no clock: callers pass the time.
 *
 * @module
 */

/** What a connection waits for. */
export type Stage =
  /** The first byte of its first request. */
  | "fresh"
  /** The first byte of its next request. */
  | "idle"
  /** The rest of a head or of a body. */
  | "reading"
  /** This service, which makes the answer. */
  | "answering"
  /** The client, which has to take an answer. */
  | "writing"
  /** The client, which has to close; what it still sends is discarded. */
  | "closing";

const STAGES = ["fresh", "idle", "reading", "answering", "writing", "closing"] as const;

/** How long a connection may stay in each stage, in milliseconds; Infinity: without limit. */
export type Patience = Readonly<Record<Stage, number>>;

/** A connection as {@linkcode Places} sees it: an element of a linked list. */
export interface Place {
  stage: Stage;
  sinceMs: number;
  before: Place | undefined;
  after: Place | undefined;
}

/** The connections in one stage, in the order in which they entered it. */
class Queue<P extends Place> {
  first: P | undefined;
  last: P | undefined;
  size = 0;

  append(place: P): void {
    place.before = this.last;
    place.after = undefined;
    if (this.last) this.last.after = place;
    else this.first = place;
    this.last = place;
    this.size++;
  }

  remove(place: P): void {
    const before = place.before as P | undefined;
    const after = place.after as P | undefined;
    if (before) before.after = after;
    else this.first = after;
    if (after) after.before = before;
    else this.last = before;
    this.size--;
  }
}

/**
 * Holds every connection in the queue of its stage. All connections in a stage have the same time limit, so
 * each queue is in the order of the deadlines. Entering, leaving and finding the next connection to close
 * take constant time, however many connections there are.
 */
export class Places<P extends Place> {
  /** The most connections. The caller enforces it. */
  readonly max: number;
  readonly #patience: Patience;
  readonly #queues: Readonly<Record<Stage, Queue<P>>>;
  #size = 0;

  constructor(max: number, patience: Patience) {
    this.max = max;
    this.#patience = patience;
    const queues = STAGES.map((stage): [Stage, Queue<P>] => [stage, new Queue()]);
    this.#queues = Object.fromEntries(queues) as Record<Stage, Queue<P>>;
  }

  get size(): number {
    return this.#size;
  }

  sizeOf(stage: Stage): number {
    return this.#queues[stage].size;
  }

  add(place: P, stage: Stage, nowMs: number): void {
    this.#size++;
    this.#enter(place, stage, nowMs);
  }

  move(place: P, stage: Stage, nowMs: number): void {
    this.#queues[place.stage].remove(place);
    this.#enter(place, stage, nowMs);
  }

  remove(place: P): void {
    this.#size--;
    this.#queues[place.stage].remove(place);
  }

  #enter(place: P, stage: Stage, nowMs: number): void {
    place.stage = stage;
    place.sinceMs = nowMs;
    this.#queues[stage].append(place);
  }

  /** Returns the connections that have been in their stage for too long. The caller moves or removes them. */
  late(nowMs: number): P[] {
    return STAGES.flatMap((stage) => this.waitingSince(stage, nowMs - this.#patience[stage]));
  }

  /** Returns the connections that entered this stage at `sinceMs` or before, the longest waiting first. */
  waitingSince(stage: Stage, sinceMs: number): P[] {
    const found: P[] = [];
    for (
      let place = this.#queues[stage].first;
      place && place.sinceMs <= sinceMs;
      place = place.after as P | undefined
    ) found.push(place);
    return found;
  }

  /** Returns all connections, in no particular order. */
  all(): P[] {
    return STAGES.flatMap((stage) => this.waitingSince(stage, Infinity));
  }

  /**
   * Returns the connection to close to make room for another; undefined if none should be closed.
   *
   * - If more than a quarter of all places are fresh, the oldest fresh connection: a flood of connections
   *   without requests must not drive viewers out.
   * - Otherwise the connection that has been idle longest: clients that have sent a request once must not
   *   keep new clients out. A fresh one goes only if none is idle.
   * - If none is fresh or idle, and one of the slow stages (reading, writing, closing) has more than a
   *   quarter of all places, the oldest of the fullest slow stage: so many slow clients are hardly honest.
   */
  leastNeeded(): P | undefined {
    const { fresh, idle, reading, writing, closing } = this.#queues;
    const silent = (fresh.size * 4 > this.max ? fresh.first : idle.first) ?? fresh.first ?? idle.first;
    if (silent) return silent;
    const [slow] = [reading, writing, closing].sort((one, other) => other.size - one.size);
    return slow!.size * 4 > this.max ? slow!.first : undefined;
  }
}
