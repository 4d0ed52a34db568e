/**
 * Random numbers as a function of what they are for, the same on every backend: 32-bit words, mixed one after another
 * with the finaliser of MurmurHash3 (A. Appleby, public domain) and the golden ratio as increment.
 */
export function hashOf(words: readonly number[]): number {
  let hash = 0x9e3779b9;
  for (const word of words) hash = mix(((hash ^ word) + 0x9e3779b9) | 0);
  return hash >>> 0;
}

function mix(word: number): number {
  let hash = word ^ (word >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
