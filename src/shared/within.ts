/** Runs `work` with a promise that resolves after `ms`; the timer ends with the work. */
export async function within(ms: number, work: (late: Promise<void>) => Promise<unknown>): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, ms);
  try {
    await work(late.promise);
  } finally {
    clearTimeout(timer);
  }
}
