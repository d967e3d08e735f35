import type { WorkerEvents, WorkerHandle } from "./worker_thread.ts";

/** A worker of a pool. */
export interface PoolMember<ToWorker> {
  /** Its number, from 0; spares have the highest numbers. */
  readonly worker: number;
  readonly handle: WorkerHandle<ToWorker>;
  /** Resolves when the worker has stopped or died. */
  readonly ended: PromiseWithResolvers<void>;
}

/**
 * The part that all pools share: workers and parked spares. All threads are started at the beginning, because no
 * thread can be started once the permissions are dropped. A spare takes the place of a worker that dies.
 *
 * What a worker goes through between its start and its end differs from service to service, so a pool keeps the states
 * of its members itself and says here which of them are parked.
 */
export abstract class SparePool<ToWorker, FromWorker, Member extends PoolMember<ToWorker>> {
  readonly #members: Member[] = [];
  #isStopping = false;

  protected get members(): readonly Member[] {
    return this.#members;
  }

  /** Whether the pool is stopping: a worker that ends is not replaced any more. */
  protected get isStopping(): boolean {
    return this.#isStopping;
  }

  /** Whether a member waits to take the place of another. */
  protected abstract isParked(member: Member): boolean;
  /** Handles a message from a worker. */
  protected abstract said(member: Member, message: FromWorker): void;
  /** Handles the death of a worker. It may be called again for the same worker. */
  protected abstract died(member: Member, reason: string): void;

  /** Starts a worker and adds it to the pool; `own` are the fields that this pool's members have beside the shared ones. */
  protected add(
    worker: number,
    start: (events: WorkerEvents<FromWorker>) => WorkerHandle<ToWorker>,
    own: Omit<Member, keyof PoolMember<ToWorker>>,
  ): Member {
    const member = {
      ...own,
      worker,
      ended: Promise.withResolvers<void>(),
      handle: start({
        said: (message) => this.said(member, message),
        died: (reason) => this.died(member, reason),
      }),
    } as Member;
    this.#members.push(member);
    return member;
  }

  /** The parked spare that goes in next: the one with the lowest number. */
  protected nextSpare(): Member | undefined {
    return this.#members.filter((member) => this.isParked(member)).sort((a, b) => a.worker - b.worker)[0];
  }

  /**
   * Stops the pool: `ask` asks a member to stop. Waits until all of `working` have ended, but no longer than until
   * `deadline` resolves. Then terminates every thread, the spares included.
   */
  protected async stopAll(
    working: readonly Member[],
    ask: (member: Member) => void,
    deadline: Promise<void>,
  ): Promise<void> {
    this.#isStopping = true;
    working.forEach(ask);
    await Promise.race([Promise.all(working.map(({ ended }) => ended.promise)), deadline]);
    this.terminate();
  }

  /** Ends every thread at once. What they have in flight is lost. */
  terminate(): void {
    for (const { handle, ended } of this.#members) {
      handle.terminate();
      ended.resolve();
    }
  }
}
