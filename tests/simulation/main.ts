import { helpText, integer, parseFlags, UsageError } from "../../src/shared/flags/flags.ts";
import { Simulation } from "./simulation.ts";

const FLAGS = {
  seeds: {
    flag: "seeds",
    placeholder: "N",
    default: "1000",
    help: "how many seeds to run; with 1, every event is printed",
    parse: integer(1, 100_000_000),
  },
  from: { flag: "from", placeholder: "N", default: "0", help: "the first seed", parse: integer(0, 2 ** 31) },
};

/**
 * Runs seed after seed. Prints the seeds that fail, and how much faster than real time the simulation was.
 */
async function main(): Promise<number> {
  const parsed = parseFlags(Deno.args, FLAGS, () => undefined, () => undefined);
  if (parsed.kind !== "run") {
    console.log(helpText("deno task simulate", FLAGS));
    return 0;
  }
  const { seeds, from } = parsed.values;
  const trace = seeds === 1 ? console.log : undefined;
  const begun = performance.now();
  let [simulatedMs, failures] = [0, 0];
  for (let seed = from; seed < from + seeds; seed++) {
    try {
      simulatedMs += (await new Simulation(seed, trace).run()).simulatedMs;
    } catch (error) {
      failures++;
      console.log(`seed ${seed} fails: ${error instanceof Error ? error.message : error}`);
    }
  }
  const faster = Math.round(simulatedMs / (performance.now() - begun));
  const days = (simulatedMs / 86_400_000).toFixed(1);
  console.log(
    `${seeds} seeds, ${failures} failed; ${days} days simulated, ${faster} times faster than real time`,
  );
  return failures === 0 ? 0 : 1;
}

try {
  Deno.exit(await main());
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`error: ${error.message}`);
  Deno.exit(2);
}
