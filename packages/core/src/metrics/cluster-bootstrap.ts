/**
 * Cluster bootstrap: whole prompts are drawn with replacement, so the images of one prompt stay together and their
 * likeness widens the interval as it should (Davison and Hinkley, "Bootstrap Methods and their Application", 1997, section 3.8;
 * Field and Welsh, JRSS B 69(3), 2007). A statistic must follow from sums over clusters: shares, means, slopes, gaps of shares.
 * That makes a resample one pass over the drawn rows, with no allocation: cost is clusters × columns × resamples.
 */
import { invalidInput, requireConfidence, requireCount, requireSameLength } from './inputs.ts';
import { quantile } from './quantile.ts';
import { createRandom, type Random } from './random.ts';

export interface ResamplingOptions {
  /** Whole number in [0, 2^53), see `deriveSeed`. */
  readonly seed: number;
  /** Default 2,000: enough that the ends of a 95 % interval move by about a tenth of its width between seeds at most. */
  readonly resamples?: number;
  /** Default 0.95. */
  readonly confidence?: number;
}

/** Why an interval is absent; `null` where it is present. */
export type BootstrapReason =
  | 'no-clusters'
  | 'one-cluster'
  /** The statistic has no value on the data, for example 0 / 0. */
  | 'statistic-undefined'
  /** Over half of the resamples had no value. */
  | 'resamples-undefined'
  /** Every resample gives the same value (such as 0 unsafe in all prompts): a width of zero would claim certainty. */
  | 'no-variation';

export interface BootstrapInterval {
  readonly estimate: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly confidence: number;
  readonly clusters: number;
  /** Resamples drawn, and how many of them had no value and were left out. */
  readonly resamples: number;
  readonly undefinedResamples: number;
  readonly reason: BootstrapReason | null;
  /**
   * Two-sided p-value of "the statistic is zero" by inverting the percentile interval: twice the smaller share of resamples
   * on either side of zero, each count raised by one so that it is never 0 (Davison and Hinkley, 1997, section 4.2.5).
   * Null where there is no interval.
   */
  readonly pValue: number | null;
}

/** From the sums of all columns to a number, or null where it is undefined. */
export type SumStatistic = (sums: Float64Array) => number | null;

/** Columns hold one sum a cluster. Interval ends are percentiles (type 7 of Hyndman and Fan, 1996) of the resampled statistic. */
export function clusterBootstrap(
  columns: readonly ArrayLike<number>[],
  statistic: SumStatistic,
  { seed, resamples = 2000, confidence = 0.95 }: ResamplingOptions,
): BootstrapInterval {
  requireConfidence(confidence);
  requireCount(resamples, 1, 'resamples');
  const rows = interleave(columns);
  const clusters = columns[0]?.length ?? 0;
  const absent = (
    estimate: number | null,
    reason: BootstrapReason,
    drawn = 0,
    undefinedResamples = 0,
  ): BootstrapInterval => ({
    estimate,
    low: null,
    high: null,
    confidence,
    clusters,
    resamples: drawn,
    undefinedResamples,
    reason,
    pValue: null,
  });
  if (clusters === 0) return absent(null, 'no-clusters');
  const estimate = defined(statistic(totals(rows, columns.length)));
  if (estimate === null) return absent(null, 'statistic-undefined');
  if (clusters === 1) return absent(estimate, 'one-cluster');

  const values = resample(rows, columns.length, statistic, resamples, seed);
  const undefinedResamples = resamples - values.length;
  if (undefinedResamples > resamples / 2) return absent(estimate, 'resamples-undefined', resamples, undefinedResamples);
  const low = quantile(values, (1 - confidence) / 2);
  const high = quantile(values, (1 + confidence) / 2);
  // 1e-12: sums of fractions in another order differ by rounding alone.
  if (high - low <= 1e-12 * Math.max(1, Math.abs(estimate)))
    return absent(estimate, 'no-variation', resamples, undefinedResamples);
  return {
    estimate,
    low,
    high,
    confidence,
    clusters,
    resamples,
    undefinedResamples,
    reason: null,
    pValue: zeroPValue(values),
  };
}

function zeroPValue(values: Float64Array): number {
  let [atMostZero, atLeastZero] = [1, 1];
  for (const value of values) {
    if (value <= 0) atMostZero++;
    if (value >= 0) atLeastZero++;
  }
  return Math.min(1, (2 * Math.min(atMostZero, atLeastZero)) / (values.length + 1));
}

/** Interval of Σ numerators / Σ denominators. Clusters whose denominator is 0 are drawn too: they are part of the sample. */
export function clusterBootstrapRatio(
  numerators: ArrayLike<number>,
  denominators: ArrayLike<number>,
  options: ResamplingOptions,
): BootstrapInterval {
  return clusterBootstrap([numerators, denominators], ratioOfSums, options);
}

/** Of two columns: the sum of the first by that of the second; null where that is 0. */
export const ratioOfSums: SumStatistic = (sums) => (sums[1] === 0 ? null : sums[0]! / sums[1]!);

/** Rows side by side, so that drawing a cluster touches one cache line instead of one a column. */
function interleave(columns: readonly ArrayLike<number>[]): Float64Array {
  requireSameLength(Object.fromEntries(columns.map((column, index) => [`column ${index}`, column.length])));
  const width = columns.length;
  const rows = new Float64Array((columns[0]?.length ?? 0) * width);
  columns.forEach((column, offset) => {
    for (let row = 0; row < column.length; row++) {
      const value = column[row]!;
      if (!Number.isFinite(value))
        invalidInput(`finite sums in column ${offset}`, `${value} at cluster ${row}`, 'Leave out clusters without data.');
      rows[row * width + offset] = value;
    }
  });
  return rows;
}

function totals(rows: Float64Array, width: number): Float64Array {
  const sums = new Float64Array(width);
  for (let at = 0; at < rows.length; at++) sums[at % width]! += rows[at]!;
  return sums;
}

function resample(
  rows: Float64Array,
  width: number,
  statistic: SumStatistic,
  resamples: number,
  seed: number,
): Float64Array {
  const sums = new Float64Array(width);
  const sumNext = summer(rows, width, createRandom(seed));
  const values = new Float64Array(resamples);
  let filled = 0;
  for (let round = 0; round < resamples; round++) {
    sumNext(sums);
    const value = defined(statistic(sums));
    if (value !== null) values[filled++] = value;
  }
  return values.subarray(0, filled);
}

/** Draws as many rows as there are and writes the sums of their columns. */
type Summer = (sums: Float64Array) => void;

/** To the same sums, in one gather a draw where the columns allow it. */
function summer(rows: Float64Array, width: number, random: Random): Summer {
  const packed = width === 2 ? packCounts(rows) : null;
  if (packed !== null) return sumPacked(packed, random);
  const constants = Array.from({ length: width }, (_, column) => constantSum(rows, width, column));
  const varying = constants.flatMap((constant, column) => (constant === null ? [column] : []));
  if (varying.length === 1) return sumOne(rows, constants, varying[0]!, random);
  const draws = new Int32Array(rows.length / width);
  return (sums) => {
    random.fillBelow(draws, draws.length);
    for (let column = 0; column < width; column++) sums[column] = constants[column] ?? sumColumn(rows, width, draws, column);
  };
}

function sumOne(rows: Float64Array, constants: readonly (number | null)[], varying: number, random: Random): Summer {
  const column = Float64Array.from(
    { length: rows.length / constants.length },
    (_, row) => rows[row * constants.length + varying]!,
  );
  return (sums) => {
    for (let other = 0; other < constants.length; other++) sums[other] = constants[other] ?? 0;
    sums[varying] = random.sumBelow(column);
  };
}

/** A running sum in a register instead of one in memory for every addition, in the order of the draws. */
function sumColumn(rows: Float64Array, width: number, draws: Int32Array, column: number): number {
  let sum = 0;
  for (let draw = 0; draw < draws.length; draw++) sum += rows[draws[draw]! * width + column]!;
  return sum;
}

/** Sum of any drawn rows of a column that holds one small whole number everywhere, such as the ones of a mean; else null. */
function constantSum(rows: Float64Array, width: number, column: number): number | null {
  const value = rows[column]!;
  if (!Number.isInteger(value) || Math.abs(value) > half) return null;
  for (let at = column; at < rows.length; at += width) if (rows[at] !== value) return null;
  return (value * rows.length) / width;
}

const half = 2 ** 26;

/** Two counts a row in one double, exact as long as no sum of either reaches 2^26; null where one may, or is no count. */
function packCounts(rows: Float64Array): Float64Array | null {
  const packed = new Float64Array(rows.length / 2);
  const most = half / packed.length;
  for (let row = 0; row < packed.length; row++) {
    const [low, high] = [rows[2 * row]!, rows[2 * row + 1]!];
    if (!isCountBelow(low, most) || !isCountBelow(high, most)) return null;
    packed[row] = low + half * high;
  }
  return packed;
}

const isCountBelow = (value: number, most: number): boolean => Number.isInteger(value) && value >= 0 && value < most;

const sumPacked =
  (packed: Float64Array, random: Random): Summer =>
  (sums) => {
    const sum = random.sumBelow(packed);
    sums[1] = Math.floor(sum / half);
    sums[0] = sum - half * sums[1];
  };

const defined = (value: number | null): number | null => (value !== null && Number.isFinite(value) ? value : null);
