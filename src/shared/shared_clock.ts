/** The time in milliseconds, with fractions, by a clock that all threads of a process share: since 1970, about. */
export const sharedMs = (): number => performance.timeOrigin + performance.now();
