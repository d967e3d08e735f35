import assert from "node:assert/strict";
import { type Outcome, Simulation } from "./simulation.ts";

const SEEDS = 300;

Deno.test({
  name:
    `simulation: with ${SEEDS} seeds every kind of trouble happens, and the files agree with what was read`,
  permissions: "none",
  async fn() {
    const total: Record<string, number> = {};
    for (let seed = 0; seed < SEEDS; seed++) {
      const { files: _, ...counts } = await runSeed(seed);
      for (const [key, count] of Object.entries(counts)) total[key] = (total[key] ?? 0) + count;
    }
    for (const [key, count] of Object.entries(total)) assert.ok(count > SEEDS, `only ${count} ${key}`);
  },
});

Deno.test({
  name: "simulation: the same seed repeats a run exactly",
  permissions: "none",
  async fn() {
    for (const seed of [1, 2, 3, 4, 5]) {
      const [one, two]: [string[], string[]] = [[], []];
      const outcome = await new Simulation(seed, (line) => one.push(line)).run();
      assert.deepEqual(await new Simulation(seed, (line) => two.push(line)).run(), outcome);
      assert.deepEqual(two, one);
    }
  },
});

async function runSeed(seed: number): Promise<Outcome> {
  try {
    return await new Simulation(seed).run();
  } catch (cause) {
    const message = `seed ${seed} fails; \`deno task simulate --from ${seed} --seeds 1\` prints every event`;
    throw new Error(message, { cause });
  }
}
