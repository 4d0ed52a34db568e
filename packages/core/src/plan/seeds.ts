import { createHash } from 'node:crypto';

export interface SeedKey {
  readonly studySeed: number;
  readonly promptSet: string;
  readonly promptId: string;
  readonly level: number;
  readonly index: number;
}

/**
 * Unsigned 32-bit seed of a sample: the first four bytes of SHA-256 over its key. The generator is left out on
 * purpose, so that families draw the same prompt with the same seeds and can be compared in pairs.
 */
export function sampleSeed({ studySeed, promptSet, promptId, level, index }: SeedKey): number {
  return createHash('sha256')
    .update(JSON.stringify([studySeed, promptSet, promptId, level, index]))
    .digest()
    .readUInt32BE(0);
}

/** Uniform numbers in [0, 1) from a 32-bit seed: mulberry32 by Tommy Ettinger (public domain). For jitter, never for statistics. */
export function seededUniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
