/**
 * Returns a 64-bit hash of `bytes` as 16 hexadecimal digits, after cyrb53: two lanes of multiplications and
 * shifts. It is not cryptographic: an attacker can find two inputs with the same hash.
 */
export function fingerprint(bytes: Uint8Array): string {
  let [one, other] = [0xdeadbeef ^ bytes.length, 0x41c6ce57 ^ bytes.length];
  for (const byte of bytes) {
    one = Math.imul(one ^ byte, 2_654_435_761);
    other = Math.imul(other ^ byte, 1_597_334_677);
  }
  one = Math.imul(one ^ (one >>> 16), 2_246_822_507) ^ Math.imul(other ^ (other >>> 13), 3_266_489_909);
  other = Math.imul(other ^ (other >>> 16), 2_246_822_507) ^ Math.imul(one ^ (one >>> 13), 3_266_489_909);
  return [one, other].map((lane) => (lane >>> 0).toString(16).padStart(8, "0")).join("");
}
