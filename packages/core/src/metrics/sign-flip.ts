/** Sign-flip permutation test of paired differences. */
import { finiteCopy, requireCount } from './inputs.ts';
import { mostOfVariance, normalPValue } from './linearised-interval.ts';
import { createRandom } from './random.ts';

export interface SignFlipResult {
  /** Two-sided, in (0, 1]. */
  readonly pValue: number;
  readonly method: 'exact' | 'monte-carlo' | 'normal';
  /** Sign patterns looked at; the smallest p-value that can come out is about one (or two, if exact) in this many. 0 for `normal`. */
  readonly patterns: number;
}

const exactLimit = 20;
/** With more differences that are not zero their sum over sign patterns is normal to the digits of a p-value; a test compares them. */
const mostDrawnDifferences = 1000;

/**
 * H0: each difference is as likely as its negative (Fisher, "The Design of Experiments", 1935; Pitman, 1937).
 * Statistic: |Σ differences|. All 2^k patterns where at most 20 differences are not zero (zeros do not change any sum),
 * else `rounds` random ones with (1 + hits) / (1 + rounds), which never is 0 (Phipson and Smyth, SAGMB 9(1), 2010).
 * For many differences the sum over patterns is normal with mean 0 and variance Σ differences² (Lehmann and Romano, "Testing
 * Statistical Hypotheses", 3rd ed. 2005, section 15.2.1), unless a few of them hold most of it.
 */
export function signFlipTest(
  differences: ArrayLike<number>,
  { seed, rounds = 9999 }: { seed: number; rounds?: number },
): SignFlipResult {
  requireCount(rounds, 1, 'rounds');
  const values = finiteCopy(differences, 'differences').filter((value) => value !== 0);
  const observed = Math.abs(values.reduce((sum, value) => sum + value, 0));
  // Patterns that tie with the observed one must count; sums in another order differ by under 1e-12 of the scale.
  const bar = observed - 1e-10 * values.reduce((sum, value) => sum + Math.abs(value), 0);
  if (values.length <= exactLimit) {
    const patterns = 2 ** values.length;
    return { pValue: exactHits(values, bar) / patterns, method: 'exact', patterns };
  }
  const pNormal = values.length > mostDrawnDifferences ? normalSignFlip(values, observed) : null;
  if (pNormal !== null) return { pValue: pNormal, method: 'normal', patterns: 0 };
  return { pValue: (1 + randomHits(values, bar, rounds, seed)) / (1 + rounds), method: 'monte-carlo', patterns: rounds };
}

/**
 * Every pattern is one of each half of the values, so that hits are pairs of half sums, counted over sorted lists: 2^10 sums
 * in place of 2^20 (Horowitz and Sahni, Journal of the ACM 21(2), 1974). Patterns come with their opposites, hence twice.
 */
function exactHits(values: Float64Array, bar: number): number {
  if (bar <= 0) return 2 ** values.length;
  const middle = values.length >> 1;
  const [first, second] = [sumsOf(values.subarray(0, middle)), sumsOf(values.subarray(middle))];
  let hits = 0;
  let reaching = second.length;
  for (const sum of first) {
    while (reaching > 0 && sum + second[reaching - 1]! >= bar) reaching--;
    hits += second.length - reaching;
  }
  return 2 * hits;
}

/** Under all patterns of signs, rising. */
function sumsOf(values: Float64Array): Float64Array {
  const sums = new Float64Array(2 ** values.length);
  values.forEach((value, index) => {
    const known = 2 ** index;
    for (let at = 0; at < known; at++) {
      sums[known + at] = sums[at]! + value;
      sums[at]! -= value;
    }
  });
  return sums.sort();
}

function randomHits(values: Float64Array, bar: number, rounds: number, seed: number): number {
  const random = createRandom(seed);
  const sums = sumsByPattern(values);
  let hits = 0;
  for (let round = 0; round < rounds; round++) {
    let sum = 0;
    let bits = 0;
    for (let start = 0, group = 0; start < sums.length; start += 256, group++) {
      if (group % 4 === 0) bits = random.nextUint32();
      sum += sums[start + (bits & 255)]!;
      bits >>>= 8;
    }
    if (Math.abs(sum) >= bar) hits++;
  }
  return hits;
}

/** For eight values after eight: their sums under all 256 patterns of signs, bit i set where value i is added. */
function sumsByPattern(values: Float64Array): Float64Array {
  const sums = new Float64Array(Math.ceil(values.length / 8) * 256);
  for (let start = 0; start < sums.length; start += 256)
    for (let pattern = 0; pattern < 256; pattern++)
      for (let bit = 0; bit < 8; bit++) {
        const value = values[start / 32 + bit] ?? 0;
        sums[start + pattern]! += (pattern >>> bit) & 1 ? value : -value;
      }
  return sums;
}

function normalSignFlip(values: Float64Array, observed: number): number | null {
  let [squares, largest] = [0, 0];
  for (const value of values) {
    squares += value * value;
    largest = Math.max(largest, value * value);
  }
  return largest > mostOfVariance * squares ? null : normalPValue(observed / Math.sqrt(squares));
}
