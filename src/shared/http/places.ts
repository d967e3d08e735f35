/**
 * The connections that a listener holds, by what each is waiting for: who has waited too long, and who has to go when
 * there is no room for another one. It closes nothing itself, and the time is the caller's.
 *
 * @module
 */

/** What a connection waits for. */
export type Stage =
  /** The first byte of its first request. */
  | "fresh"
  /** The first byte of its next request. */
  | "idle"
  /** The rest of a head, or of a body. */
  | "reading"
  /** This service. */
  | "answering"
  /** The client, who is to take an answer. */
  | "writing"
  /** The client, who is to see the end; what it still sends is thrown away. */
  | "closing";

const STAGES = ["fresh", "idle", "reading", "answering", "writing", "closing"] as const;

/** How long a connection may stay in a stage, in milliseconds; Infinity: as long as it likes. */
export type Patience = Readonly<Record<Stage, number>>;

/** What a connection is to {@linkcode Places}: a member of one of its lists. */
export interface Place {
  stage: Stage;
  sinceMs: number;
  before: Place | undefined;
  after: Place | undefined;
}

/** Connections in one stage, the one that entered it first at the head. */
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
 * Every connection in the queue of its stage. Since all connections in a stage may stay there equally long, each queue
 * is in the order of its deadlines: to enter, to leave and to find the next one to close takes the same few steps
 * whether there are ten connections or 65,000.
 */
export class Places<P extends Place> {
  /** The most connections there may be. */
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

  /** Those that have been in their stage for too long. They stay in it: it is for the caller to move or remove them. */
  late(nowMs: number): P[] {
    return STAGES.flatMap((stage) => this.waitingSince(stage, nowMs - this.#patience[stage]));
  }

  /** Those that entered this stage at that time or before, the longest there first. */
  waitingSince(stage: Stage, sinceMs: number): P[] {
    const found: P[] = [];
    for (
      let place = this.#queues[stage].first;
      place && place.sinceMs <= sinceMs;
      place = place.after as P | undefined
    ) found.push(place);
    return found;
  }

  /** All, in no order that means anything. */
  all(): P[] {
    return STAGES.flatMap((stage) => this.waitingSince(stage, Infinity));
  }

  /**
   * Whom to close to make room for one more; undefined if each is being served. One that never sent a byte goes before
   * one that was served already, unless the former are so few that they must be honest newcomers: so neither strangers
   * who only connect drive viewers out, nor strangers who asked once keep newcomers out. Where nobody is silent, the
   * slow ones that send half a request, take no answer or do not go are too many to be honest: the longest of them goes.
   */
  leastNeeded(): P | undefined {
    const { fresh, idle, reading, writing, closing } = this.#queues;
    const silent = (fresh.size * 4 > this.max ? fresh.first : idle.first) ?? fresh.first ?? idle.first;
    if (silent) return silent;
    const [slow] = [reading, writing, closing].sort((one, other) => other.size - one.size);
    return slow!.size * 4 > this.max ? slow!.first : undefined;
  }
}
