/**
 * Weighted rendezvous hashing: each destination draws a number for the path, and the highest one wins (Thaler and
 * Ravishankar, "Using name-based mappings to increase hit rates", 1998; the weights by −w/ln u as in Schindelhauer and
 * Schomaker, "Weighted distributed hash tables", 2005). Without one destination, only its own paths go elsewhere.
 *
 * @module
 */

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** FNV-1a over the UTF-16 units of a text: 32 bits. */
function hash(text: string, from: number, to: number, seed = FNV_OFFSET): number {
  let value = seed;
  for (let i = from; i < to; i++) value = Math.imul(value ^ text.charCodeAt(i), FNV_PRIME);
  return value;
}

/** Has each bit of the input change half of those of the result (the end of MurmurHash3). */
function mixed(value: number): number {
  value = Math.imul(value ^ value >>> 16, 0x85ebca6b);
  value = Math.imul(value ^ value >>> 13, 0xc2b2ae35);
  return (value ^ value >>> 16) >>> 0;
}

/** What a destination draws with: from its name alone, so that it stays the same in every route and process. */
export const seedOf = (name: string): number => mixed(hash(name, 0, name.length));

/**
 * The hash of a video: of its server and its directory, or its whole path; never of its query.
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
 * The destination of a key, by its index.
 *
 * @param weights one of them is above 0
 */
export function drawn(key: number, seeds: readonly number[], weights: readonly number[]): number {
  let winner = 0;
  let highest = -1;
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i]!;
    if (weight === 0) continue;
    // Between 0 and 1, and neither.
    const score = weight / -Math.log((mixed(key ^ seeds[i]!) + 0.5) / 0x1_0000_0000);
    if (score > highest) [winner, highest] = [i, score];
  }
  return winner;
}
