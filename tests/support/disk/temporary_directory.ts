/** Makes a directory of its own below `data/`, the one place that the tasks may write to. */
export async function makeDirectory(): Promise<string> {
  await Deno.mkdir("data", { recursive: true });
  return await Deno.makeTempDir({ dir: "data", prefix: "test-" });
}

/** Runs `fn` with an empty directory of its own below `data/`, which is removed after it. */
export async function withDirectory(fn: (directory: string) => Promise<void>): Promise<void> {
  const directory = await makeDirectory();
  try {
    await fn(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

export async function namesIn(directory: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(directory), ({ name }) => name)).sort();
}
