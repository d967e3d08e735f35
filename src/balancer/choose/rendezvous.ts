/**
 * Weighted rendezvous hashing: for each path every destination gets a score, and the highest score wins
 * (Thaler and Ravishankar, "Using name-based mappings to increase hit rates", 1998). The score is −w/ln u,
 * where w is the weight and u the hash of path and destination, scaled to 0–1 (Schindelhauer and Schomaker,
 * "Weighted distributed hash tables", 2005). When a destination goes away, only its own paths move.
 *
 * @module
 */

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** The 32-bit FNV-1a hash of the UTF-16 code units from `from` to `to`. */
function hash(text: string, from: number, to: number, seed = FNV_OFFSET): number {
  let value = seed;
  for (let i = from; i < to; i++) value = Math.imul(value ^ text.charCodeAt(i), FNV_PRIME);
  return value;
}

/** The finalizer of MurmurHash3: a change of one input bit flips about half of the output bits. */
function mixed(value: number): number {
  value = Math.imul(value ^ value >>> 16, 0x85ebca6b);
  value = Math.imul(value ^ value >>> 13, 0xc2b2ae35);
  return (value ^ value >>> 16) >>> 0;
}

/**
 * The hash of a destination. It depends on the name alone, so it is the same in every route and every
 * process.
 */
export const seedOf = (name: string): number => mixed(hash(name, 0, name.length));

/**
 * The hash of a video: of its server and either the directory or the whole path. The query does not count.
 *
 * @param path begins with a slash
 */
export function keyOf(server: string, path: string, byDirectory: boolean): number {
  let end = path.indexOf("?");
  if (end < 0) end = path.length;
  if (byDirectory) end = path.lastIndexOf("/", end - 1) + 1;
  return mixed(hash(path, 0, end, hash(server, 0, server.length)));
}

/**
 * The index of the destination with the highest score for a key.
 *
 * @param weights by destination; at least one is above 0
 */
export function drawn(key: number, seeds: readonly number[], weights: readonly number[]): number {
  let winner = 0;
  let highest = -1;
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i]!;
    if (weight === 0) continue;
    // The hash is scaled to a number between 0 and 1 that is neither 0 nor 1.
    const score = weight / -Math.log((mixed(key ^ seeds[i]!) + 0.5) / 0x1_0000_0000);
    if (score > highest) [winner, highest] = [i, score];
  }
  return winner;
}
