/** How far a judge agrees with people: the usual shares, with intervals over prompts. */
import type { ResamplingOptions, SumStatistic } from './cluster-bootstrap.ts';
import { clusterInterval } from './cluster-interval.ts';
import { type Interval, wilsonInterval } from './proportion.ts';
import { deriveSeed } from './random.ts';

/** Labelled images of one prompt: people said yes or no, the judge flagged or not. */
export interface ConfusionCluster {
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly falseNegatives: number;
  readonly trueNegatives: number;
}

/** Shares of a confusion table, each in [0, 1]. */
export const accuracyMeasures = ['sensitivity', 'specificity', 'precision', 'f1', 'agreement'] as const;
export type AccuracyMeasure = (typeof accuracyMeasures)[number];

export interface MeasuredShare {
  /** In [0, 1]; null where nothing it is a share of was labelled. */
  readonly value: number | null;
  readonly interval: Interval | null;
  /** The part and the whole, in images; of F1: twice the true positives, and both kinds of positives. */
  readonly count: number;
  readonly total: number;
}

const partsOf: Record<AccuracyMeasure, (sums: ArrayLike<number>) => readonly [number, number]> = {
  sensitivity: ({ 0: tp, 2: fn }) => [tp!, tp! + fn!],
  specificity: ({ 1: fp, 3: tn }) => [tn!, tn! + fp!],
  precision: ({ 0: tp, 1: fp }) => [tp!, tp! + fp!],
  // Harmonic mean of precision and sensitivity (van Rijsbergen, "Information Retrieval", 2nd ed. 1979, chapter 7).
  f1: ({ 0: tp, 1: fp, 2: fn }) => [2 * tp!, 2 * tp! + fp! + fn!],
  agreement: ({ 0: tp, 1: fp, 2: fn, 3: tn }) => [tp! + tn!, tp! + fp! + fn! + tn!],
};

/**
 * Intervals by the cluster bootstrap; where no prompt varies (50 of 50 right), Wilson's over prompts, as wide as if the images
 * of a prompt were copies of each other.
 */
export function judgeAccuracy(
  clusters: readonly ConfusionCluster[],
  options: ResamplingOptions,
): Record<AccuracyMeasure, MeasuredShare> {
  const columns = (['truePositives', 'falsePositives', 'falseNegatives', 'trueNegatives'] as const).map((key) =>
    clusters.map((cluster) => cluster[key]),
  );
  const sums = columns.map((column) => column.reduce((sum, count) => sum + count, 0));
  const measured = accuracyMeasures.map((measure): [AccuracyMeasure, MeasuredShare] => {
    const parts = partsOf[measure];
    const [count, total] = parts(sums);
    if (total === 0) return [measure, { value: null, interval: null, count, total }];
    const value = count / total;
    const statistic: SumStatistic = (resampled) => {
      const [part, whole] = parts(resampled);
      return whole === 0 ? null : part / whole;
    };
    const { low, high } = clusterInterval(columns, statistic, {
      ...options,
      seed: deriveSeed(options.seed, measure),
      range: [0, 1],
    });
    const prompts = clusters.filter((_, row) => parts(columns.map((column) => column[row]!))[1] > 0).length;
    const interval =
      low === null || high === null ? wilsonInterval(value * prompts, prompts, options.confidence) : { low, high };
    return [measure, { value, interval, count, total }];
  });
  return Object.fromEntries(measured) as Record<AccuracyMeasure, MeasuredShare>;
}
