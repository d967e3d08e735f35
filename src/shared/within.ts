/** Runs `work` with its deadline: a promise that resolves after `ms`. Clears the timer when the work ends. */
export async function within(ms: number, work: (late: Promise<void>) => Promise<unknown>): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, ms);
  try {
    await work(late.promise);
  } finally {
    clearTimeout(timer);
  }
}
