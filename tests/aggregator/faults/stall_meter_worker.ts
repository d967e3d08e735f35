/**
 * Repeats what the service does for a checkpoint, in the same directory, and notes how long each round took.
 * The service uses the same processor and disk, so a stall of the machine delays both.
 */
import { FileSystem } from "../../../src/aggregator/write/disk.ts";

const PAUSE_MS = 20;

const scope = self as unknown as {
  onmessage: (event: MessageEvent<{ path: string; shared: Float64Array }>) => Promise<void>;
  postMessage(message: string): void;
};

scope.onmessage = async ({ data }) => {
  const { path, shared } = data;
  const disk = new FileSystem();
  scope.postMessage("ready");
  for (;;) {
    shared[0] = Date.now();
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    await disk.replace(path, "stall meter\n");
    await disk.sync(path);
    shared[1] = Math.max(shared[1]!, Date.now() - shared[0]! - PAUSE_MS);
  }
};
