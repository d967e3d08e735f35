/** Collects values in the order in which they are delivered, and waits for further ones. */
export class Deliveries<T> {
  readonly all: T[] = [];
  #arrived = Promise.withResolvers<void>();

  /** Takes a value. The function is bound, so it can be passed as a callback. */
  readonly take = (value: T): void => {
    this.all.push(value);
    this.#arrived.resolve();
    this.#arrived = Promise.withResolvers();
  };

  get last(): T | undefined {
    return this.all.at(-1);
  }

  /**
   * Waits until the last delivered value is as wanted, and returns that value.
   *
   * @throws {Error} There was no such value within `boundMs`.
   */
  async until(wanted: (last: T) => boolean, boundMs = 20_000): Promise<T> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () =>
        late.reject(new Error(`Not delivered within ${boundMs} ms; the last was ${Deno.inspect(this.last)}`)),
      boundMs,
    );
    try {
      while (this.all.length === 0 || !wanted(this.last!)) {
        await Promise.race([this.#arrived.promise, late.promise]);
      }
      return this.last!;
    } finally {
      clearTimeout(timer);
    }
  }
}
