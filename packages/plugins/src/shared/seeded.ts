/** Seeded choice for plugins that must give the same result for the same request on every machine. */
import { createHash } from 'node:crypto';

/** A generator of numbers in [0, 1). */
export type Random = () => number;

/** Unsigned 32 bits of SHA-256 over the parts; parts are kept apart, so that ('ab', 'c') differs from ('a', 'bc'). */
export function seedOf(...parts: readonly (string | number)[]): number {
  return createHash('sha256').update(JSON.stringify(parts)).digest().readUInt32LE(0);
}

/** Mulberry32 (Tommy Ettinger, public domain, from its published formula): 32 bits of state, enough for pictures and choices. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One of a non-empty list. */
export function pick<T>(random: Random, items: readonly T[]): T {
  return items[Math.floor(random() * items.length)]!;
}

/** Standard normal numbers by the method of Box and Muller (1958). */
export function normalOf(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
