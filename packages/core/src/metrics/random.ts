/**
 * Seeded randomness for resampling. The same seed gives the same stream on every machine and in every release;
 * report numbers depend on it, so changing the generator is a change of format. Not for secrets.
 *
 * Sources: SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014),
 * xoshiro128** (Blackman and Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS 47(4), 2021),
 * FNV-1a with 64 bits (Fowler, Noll and Vo), bounded integers (Lemire, ACM TOMACS 29(1), 2019).
 */
import { drawsMade, fillUntilRare, rareWord, sumUntilRare, wholeLimit, wordsOf } from './bounded-draws.ts';
import { invalidInput, requireCount } from './inputs.ts';

export interface Random {
  /** A whole number in [0, 2^32). */
  nextUint32(): number;
  /** A multiple of 2^-53 in [0, 1). */
  nextFloat(): number;
  /** A whole number in [0, limit), every one equally likely. `limit` in [1, 2^21]: above it the product is no exact double. */
  nextBelow(limit: number): number;
  /** The next `target.length` results of `nextBelow(limit)`, the same ones, some times as fast. */
  fillBelow(target: Int32Array, limit: number): void;
  /** Σ `values[nextBelow(values.length)]` over as many draws as there are values, added in their order: one bootstrap resample. */
  sumBelow(values: Float64Array): number;
}

const mask64 = (1n << 64n) - 1n;
const goldenGamma = 0x9e3779b97f4a7c15n;
const largestLimit = 2 ** 21;

/** The output function of SplitMix64: a bijection on 64 bits that scatters close inputs. */
function mix64(value: bigint): bigint {
  let z = value & mask64;
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & mask64;
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & mask64;
  return z ^ (z >> 31n);
}

/** The n-th output (from 1) of SplitMix64 started at `seed`. */
export const splitMix64 = (seed: bigint, n: number): bigint => mix64(seed + goldenGamma * BigInt(n));

/** xoshiro128** whose 128 bits of state are two SplitMix64 outputs. `seed` is a whole number in [0, 2^53). */
export function createRandom(seed: number): Random {
  requireCount(seed, 0, 'seed');
  const [first, second] = [splitMix64(BigInt(seed), 1), splitMix64(BigInt(seed), 2)];
  const low = (value: bigint) => Number(value & 0xffffffffn);
  return randomFromState([low(first), low(first >> 32n), low(second), low(second >> 32n)]);
}

/** The generator from a given state of four 32-bit words, not all zero; tests compare it with published vectors. */
export function randomFromState(state: readonly [number, number, number, number]): Random {
  const words = wordsOf(state);
  const nextUint32 = () => {
    const second = words[1]!;
    const scrambled = Math.imul(second, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0;
    const third = words[2]! ^ words[0]!;
    const fourth = words[3]! ^ second;
    words[1] = second ^ third;
    words[0] = words[0]! ^ fourth;
    words[2] = third ^ (second << 9);
    words[3] = (fourth << 11) | (fourth >>> 21);
    return result;
  };
  const nextFloat = () => ((nextUint32() >>> 5) * 2 ** 26 + (nextUint32() >>> 6)) / 2 ** 53;
  const nextBelow = (limit: number) => {
    requireLimit(limit);
    const product = nextUint32() * limit;
    // Exact: a product below 2^53 and powers of two. The remainder operator on doubles is many times slower.
    const high = Math.floor(product / 2 ** 32);
    return product - high * 2 ** 32 >= limit ? high : nearlyDivisible(product, limit, nextUint32);
  };
  const rareDraw = (limit: number) => nearlyDivisible((words[rareWord]! >>> 0) * limit, limit, nextUint32);
  const fillBelow = (target: Int32Array, limit: number) => {
    requireLimit(limit);
    if (limit > wholeLimit) for (let index = 0; index < target.length; index++) target[index] = nextBelow(limit);
    else
      for (
        let at = fillUntilRare(words, target, limit, 0);
        at < target.length;
        at = fillUntilRare(words, target, limit, at + 1)
      )
        target[at] = rareDraw(limit);
  };
  const sumBelow = (values: Float64Array) => {
    const limit = values.length;
    requireLimit(limit);
    let sum = 0;
    if (limit > wholeLimit) for (let draw = 0; draw < limit; draw++) sum += values[nextBelow(limit)]!;
    else {
      sum = sumUntilRare(words, values, 0, 0);
      while (words[drawsMade]! < limit)
        sum = sumUntilRare(words, values, words[drawsMade]! + 1, sum + values[rareDraw(limit)]!);
    }
    return sum;
  };
  return { nextUint32, nextFloat, nextBelow, fillBelow, sumBelow };
}

function requireLimit(limit: number): void {
  if (!(limit >= 1 && limit <= largestLimit)) invalidInput('a limit in [1, 2^21]', String(limit), 'Resample fewer things.');
}

/** Lemire's rare branch: rejects the few draws that would make some results likelier than others. */
function nearlyDivisible(start: number, limit: number, nextUint32: () => number): number {
  const threshold = (2 ** 32 - limit) % limit;
  let product = start;
  while (product % 2 ** 32 < threshold) product = nextUint32() * limit;
  return Math.floor(product / 2 ** 32);
}

/**
 * A seed in [0, 2^53) from names and numbers, so that each analysis has its own stream whatever order they run in.
 * Parts are joined as JSON, hence ('a', 'bc') and ('ab', 'c') differ, as do '1' and 1.
 */
export function deriveSeed(...parts: readonly (string | number)[]): number {
  for (const part of parts)
    if (typeof part === 'number' && !Number.isFinite(part))
      invalidInput('seed parts to be strings or finite numbers', String(part), 'Give a name or a number.');
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(JSON.stringify(parts)))
    hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & mask64;
  return Number(mix64(hash) >> 11n);
}
