/** Returns milliseconds since about 1970, with fractions, on a clock that all threads of a process share. */
export const sharedMs = (): number => performance.timeOrigin + performance.now();
