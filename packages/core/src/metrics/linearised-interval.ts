/**
 * Interval of a smooth statistic of sums over clusters without resampling, for many clusters: the statistic is replaced by
 * its first-order expansion at the observed sums, whose variance is a sum over clusters. This is the nonparametric delta
 * method (Davison and Hinkley, "Bootstrap Methods and their Application", 1997, section 2.7.2) with Taylor linearisation by
 * cluster (Binder, International Statistical Review 51, 1983); for a slope it is the cluster-robust "sandwich" variance
 * (Liang and Zeger, Biometrika 73, 1986). It is the limit of the cluster bootstrap, at the cost of one pass.
 */
import type { BootstrapInterval, SumStatistic } from './cluster-bootstrap.ts';
import { normalCdf, twoSidedZ } from './normal.ts';

/** A cluster with more of the variance than this makes the sum no normal one: fewer than about ten clusters then speak. Arbitrary. */
export const mostOfVariance = 0.1;

/** Normal tails are not to be trusted further out; a p-value below one in a million reads as that. */
const leastPValue = 1e-6;

/** Two-sided p-value of a normal deviate. */
export const normalPValue = (deviate: number): number => Math.max(leastPValue, 2 * normalCdf(-Math.abs(deviate)));

/** Steps are this share of the sum of absolute values: exact to about 1e-8 by central differences. */
const step = 1e-7;
/** Slopes to either side that differ by more than this share are a kink, where no expansion holds. */
const kink = 0.01;

/** Partial derivatives at the sums; null where the statistic is not smooth there. */
function gradientOf(
  columns: readonly ArrayLike<number>[],
  sums: Float64Array,
  statistic: SumStatistic,
): Float64Array | null {
  const estimate = statistic(sums);
  const gradient = new Float64Array(columns.length);
  const moved = sums.slice();
  for (const [column, values] of columns.entries()) {
    let scale = 0;
    for (let row = 0; row < values.length; row++) scale += Math.abs(values[row]!);
    if (scale === 0) continue;
    moved[column] = sums[column]! + step * scale;
    const above = statistic(moved);
    moved[column] = sums[column]! - step * scale;
    const below = statistic(moved);
    moved[column] = sums[column]!;
    if (estimate === null || above === null || below === null) return null;
    const [right, left] = [(above - estimate) / (step * scale), (estimate - below) / (step * scale)];
    // Rounding of the statistic over the step; differences below it say nothing.
    const rounding = (1e-13 * Math.max(1, Math.abs(estimate))) / (step * scale);
    if (Math.abs(right - left) > kink * Math.max(Math.abs(right), Math.abs(left)) + rounding) return null;
    gradient[column] = (above - below) / (2 * step * scale);
  }
  return gradient;
}

interface LinearVariance {
  readonly variance: number;
  /** Greatest share of one cluster, in [0, 1]. */
  readonly largest: number;
}

/** Of the linear statistic Σ gradient × (row - mean row), with the factor G / (G - 1) for G clusters. */
function varianceOf(columns: readonly ArrayLike<number>[], sums: Float64Array, gradient: Float64Array): LinearVariance {
  const clusters = columns[0]!.length;
  const mean = gradient.reduce((total, slope, column) => total + slope * sums[column]!, 0) / clusters;
  let [squares, largest] = [0, 0];
  for (let row = 0; row < clusters; row++) {
    let influence = -mean;
    for (let column = 0; column < columns.length; column++) influence += gradient[column]! * columns[column]![row]!;
    const square = influence * influence;
    squares += square;
    if (square > largest) largest = square;
  }
  return { variance: (clusters / (clusters - 1)) * squares, largest: squares === 0 ? 0 : largest / squares };
}

export interface LinearisedOptions {
  readonly confidence: number;
  /** Values that the statistic can take; the interval is cut to them. */
  readonly range?: readonly [number, number];
}

/** Null where linearisation is not to be trusted: the statistic has a kink, no value, or hangs on a few clusters. */
export function linearisedInterval(
  columns: readonly ArrayLike<number>[],
  statistic: SumStatistic,
  { confidence, range = [-Infinity, Infinity] }: LinearisedOptions,
): BootstrapInterval | null {
  const sums = new Float64Array(columns.length);
  for (const [column, values] of columns.entries())
    for (let row = 0; row < values.length; row++) sums[column]! += values[row]!;
  const estimate = statistic(sums);
  const gradient = gradientOf(columns, sums, statistic);
  if (estimate === null || !Number.isFinite(estimate) || gradient === null) return null;
  const { variance, largest } = varianceOf(columns, sums, gradient);
  if (!Number.isFinite(variance) || largest > mostOfVariance) return null;
  const deviation = Math.sqrt(variance);
  const spread = twoSidedZ(confidence) * deviation;
  const facts = { estimate, confidence, clusters: columns[0]!.length, resamples: 0, undefinedResamples: 0 };
  // As for the bootstrap: rounding alone is no variation.
  if (2 * spread <= 1e-9 * Math.max(1, Math.abs(estimate)))
    return { ...facts, low: null, high: null, reason: 'no-variation', pValue: null };
  return {
    ...facts,
    low: Math.max(range[0], estimate - spread),
    high: Math.min(range[1], estimate + spread),
    reason: null,
    pValue: normalPValue(estimate / deviation),
  };
}
