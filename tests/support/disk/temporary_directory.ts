/** Makes a new directory below `data/`, the only place that tasks and tests may write to. */
export async function makeDirectory(): Promise<string> {
  await Deno.mkdir("data", { recursive: true });
  return await Deno.makeTempDir({ dir: "data", prefix: "test-" });
}

/** Runs `fn` with a new directory below `data/`, which is removed afterwards. */
export async function withDirectory(fn: (directory: string) => Promise<void>): Promise<void> {
  const directory = await makeDirectory();
  try {
    await fn(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Returns the names in a directory, sorted. */
export async function namesIn(directory: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(directory), ({ name }) => name)).sort();
}
