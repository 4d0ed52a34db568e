/** Interval over clusters for runs of any size: resampled where clusters are few, linearised where they are many. */
import {
  type BootstrapInterval,
  clusterBootstrap,
  type ResamplingOptions,
  ratioOfSums,
  type SumStatistic,
} from './cluster-bootstrap.ts';
import { requireConfidence } from './inputs.ts';
import { linearisedInterval } from './linearised-interval.ts';

/**
 * With more clusters the bootstrap repeats, a thousand times slower, what the normal approximation says: at 1,000 clusters the
 * ends differ by about as much as those of two bootstraps with other seeds. Tests compare both at this number.
 */
export const mostResampledClusters = 1000;

export interface ClusterIntervalOptions extends ResamplingOptions {
  /** Values that the statistic can take; a linearised interval is cut to them, a resampled one never leaves them. */
  readonly range?: readonly [number, number];
}

/** As `clusterBootstrap`; `resamples` reads 0 where nothing was resampled. */
export function clusterInterval(
  columns: readonly ArrayLike<number>[],
  statistic: SumStatistic,
  { range, ...options }: ClusterIntervalOptions,
): BootstrapInterval {
  const { confidence = 0.95 } = options;
  requireConfidence(confidence);
  const isLarge = (columns[0]?.length ?? 0) > mostResampledClusters;
  const linearised = isLarge
    ? linearisedInterval(columns, statistic, { confidence, ...(range === undefined ? {} : { range }) })
    : null;
  return linearised ?? clusterBootstrap(columns, statistic, options);
}

/** Interval of Σ numerators / Σ denominators. Clusters whose denominator is 0 count too: they are part of the sample. */
export const clusterIntervalOfRatio = (
  numerators: ArrayLike<number>,
  denominators: ArrayLike<number>,
  options: ClusterIntervalOptions,
): BootstrapInterval => clusterInterval([numerators, denominators], ratioOfSums, options);
