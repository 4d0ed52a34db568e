/**
 * Interval and test of a statistic of sums over clusters by leaving out one cluster at a time, with Student's t: for slopes,
 * differences of slopes and unpaired differences, where few clusters may hold most of the leverage. There the percentile
 * bootstrap rejects too often: it repeats the variance of residuals, which least squares makes too small, and knows no t.
 *
 * The variance is (G - 1) / G Σ (θ without g - θ)², "CV3" of MacKinnon, Nielsen and Webb (Journal of Econometrics 232, 2023,
 * section 3), for a linear regression that of Bell and McCaffrey (Survey Methodology 28, 2002); t with G - 1 degrees after
 * Cameron and Miller ("A practitioner's guide to cluster-robust inference", Journal of Human Resources 50, 2015, section VI).
 */
import type { BootstrapInterval, SumStatistic } from './cluster-bootstrap.ts';
import { invalidInput, requireConfidence, requireSameLength } from './inputs.ts';
import { studentCentre, twoSidedT } from './student-t.ts';

export interface JackknifeOptions {
  /** Default 0.95. */
  readonly confidence?: number;
  /** Values that the statistic can take; the interval is cut to them. */
  readonly range?: readonly [number, number];
  /** Degrees of freedom; default one less than the clusters. For a difference of two sides: those of the smaller one. */
  readonly degrees?: number;
}

/** Tails are not to be trusted further out; a p-value below one in a million reads as that, as in `linearised-interval.ts`. */
const leastPValue = 1e-6;

/** Columns hold one sum a cluster. No resamples; `resamples-undefined` where the statistic hangs on one cluster. */
export function clusterJackknife(
  columns: readonly ArrayLike<number>[],
  statistic: SumStatistic,
  { confidence = 0.95, range = [-Infinity, Infinity], degrees }: JackknifeOptions = {},
): BootstrapInterval {
  requireConfidence(confidence);
  requireSameLength(Object.fromEntries(columns.map((column, index) => [`column ${index}`, column.length])));
  const clusters = columns[0]?.length ?? 0;
  const facts = { confidence, clusters, resamples: 0, undefinedResamples: 0 };
  const absent = (estimate: number | null, reason: BootstrapInterval['reason']): BootstrapInterval => ({
    ...facts,
    estimate,
    low: null,
    high: null,
    reason,
    pValue: null,
  });
  if (clusters === 0) return absent(null, 'no-clusters');
  const sums = Float64Array.from(columns, total);
  const estimate = defined(statistic(sums.slice()));
  if (estimate === null) return absent(null, 'statistic-undefined');
  const free = degrees ?? clusters - 1;
  if (clusters === 1 || free < 1) return absent(estimate, 'one-cluster');
  const squares = squaresWithout(columns, sums, statistic, estimate);
  if (squares === null) return absent(estimate, 'resamples-undefined');
  const deviation = Math.sqrt(((clusters - 1) / clusters) * squares);
  const spread = twoSidedT(confidence, free) * deviation;
  // As for the bootstrap: rounding alone is no variation.
  if (2 * spread <= 1e-9 * Math.max(1, Math.abs(estimate))) return absent(estimate, 'no-variation');
  return {
    ...facts,
    estimate,
    low: Math.max(range[0], estimate - spread),
    high: Math.min(range[1], estimate + spread),
    reason: null,
    pValue: Math.max(leastPValue, 1 - studentCentre(estimate / deviation, free)),
  };
}

/** Σ (θ without g - θ)²; null where the statistic has no value without one of the clusters. */
function squaresWithout(
  columns: readonly ArrayLike<number>[],
  sums: Float64Array,
  statistic: SumStatistic,
  estimate: number,
): number | null {
  const rest = new Float64Array(columns.length);
  let squares = 0;
  for (let cluster = 0; cluster < columns[0]!.length; cluster++) {
    for (let column = 0; column < columns.length; column++) rest[column] = sums[column]! - columns[column]![cluster]!;
    const value = defined(statistic(rest));
    if (value === null) return null;
    squares += (value - estimate) ** 2;
  }
  return squares;
}

function total(column: ArrayLike<number>): number {
  let sum = 0;
  for (let row = 0; row < column.length; row++) sum += column[row]!;
  if (!Number.isFinite(sum)) invalidInput('finite sums by cluster', String(sum), 'Leave out clusters without data.');
  return sum;
}

const defined = (value: number | null): number | null => (value !== null && Number.isFinite(value) ? value : null);
