import type { Random } from "./random.ts";
import type { Message } from "./simulated_worker.ts";
import type { World } from "./world.ts";

/** A datagram, and the messages in it that must be accepted. */
export interface Datagram {
  text: string;
  messages: Message[];
}

const REFUSED = ["", "x", "{}", '{"A1":1.5,"A2":1,"A3":1}', "[[[[", '{"A1":1'] as const;

/** Too large for a float64. */
const HUGE = 2n ** 62n;

/** Bursts of datagrams: the silence between two bursts and the datagrams in a burst, on average. */
const RHYTHMS = [
  { silenceMs: 300, datagrams: 1 },
  { silenceMs: 5000, datagrams: 10 },
  { silenceMs: 5000, datagrams: 1 },
  { silenceMs: 30_000, datagrams: 60 },
  { silenceMs: 50_000, datagrams: 2 },
] as const;

/** Calls `send` in bursts, every 15 ms on average, with silences between, until the simulation ends. */
export function planTraffic(world: World, random: Random, send: () => void): void {
  const { silenceMs, datagrams } = random.pick(RHYTHMS);
  let left = 0;
  const next = () => {
    send();
    if (left-- > 0) return void world.after(random.below(30), next);
    left = random.integer(2 * datagrams - 1);
    world.after(random.below(2 * silenceMs) * (random.chance(0.01) ? 10 : 1), next);
  };
  world.after(0, next);
}

export function makeDatagram(random: Random, readAtMs: number): Datagram {
  const messages: Message[] = [];
  const lines: string[] = [];
  for (let left = 1 + random.integer(3); left > 0; left--) {
    if (random.chance(0.1)) {
      lines.push(random.pick(REFUSED));
      continue;
    }
    // A1 is above zero, so every lost message shows in the sum.
    const a1 = BigInt(1 + random.integer(1e9)) + (random.chance(0.1) ? HUGE : 0n);
    const [a2, a3] = [random.integer(1000) - 500, random.integer(1000) - 500];
    messages.push({ a1, a2, a3, readAtMs });
    lines.push(`{"A1":${a1},"A2":${a2},"A3":${a3}}`);
  }
  return { text: lines.join("\n"), messages };
}
