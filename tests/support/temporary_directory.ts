/** Runs `fn` with an empty directory of its own, below `data/`. */
export async function withDirectory(fn: (directory: string) => Promise<void>): Promise<void> {
  await Deno.mkdir("data", { recursive: true });
  const directory = await Deno.makeTempDir({ dir: "data", prefix: "test-" });
  try {
    await fn(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

export async function namesIn(directory: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(directory), ({ name }) => name)).sort();
}
