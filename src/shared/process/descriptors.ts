/**
 * How many more file descriptors this process may open, `max` at the most. Found by opening as many: Deno shows the
 * limit to nobody who holds less than all permissions, and raises the soft limit to the hard one at its start. Takes
 * 10 µs a descriptor, and leaves nobody else one meanwhile, so it is for the start.
 *
 * @param path a file that may be read
 */
export function freeDescriptors(
  path: string | URL,
  max: number,
  open: (path: string | URL) => Disposable = Deno.openSync,
): number {
  const files: Disposable[] = [];
  try {
    while (files.length < max) files.push(open(path));
  } catch (error) {
    if (!isOutOfDescriptors(error)) throw error;
  } finally {
    for (const file of files) file[Symbol.dispose]();
  }
  return files.length;
}

/** EMFILE, or ENFILE of the whole machine. */
const isOutOfDescriptors = (error: unknown): boolean =>
  error instanceof Error && /too many open files/i.test(error.message);
