/**
 * Out-of-fold scores of a classifier fitted within the run. The format audit uses it to ask whether container, size and
 * compression alone tell authentic from synthetic images: without signal it must sit at chance.
 */
import { assignGroupedFolds, type FoldOptions } from './grouped-folds.ts';
import { requireConfidence, requireSameLength } from './inputs.ts';
import { fitLogisticRegression } from './logistic-regression.ts';
import { normalCdf, twoSidedZ } from './normal.ts';
import { aurocInterval } from './roc.ts';

export interface CrossFitOptions extends FoldOptions {
  /** One row of finite numbers a sample; code a category as one 0/1 column a value. */
  readonly features: readonly ArrayLike<number>[];
  /** See `fitLogisticRegression`. */
  readonly penalty?: number;
}

export type CrossFit =
  | {
      readonly status: 'scored';
      /** P(label = 1) in [0, 1] for each sample, from a model that saw nothing of the sample's group. */
      readonly scores: Float64Array;
      /** Fold of each sample, from 0. Scores of one fold come from one model. */
      readonly folds: Int32Array;
      readonly foldCount: number;
    }
  | { readonly status: 'unavailable'; readonly reason: string };

/** Deterministic for a seed. `unavailable` with a reason where a class lies in fewer than two groups. */
export function crossFitScores(options: CrossFitOptions): CrossFit {
  const { features, labels, penalty = 1 } = options;
  requireSameLength({ features: features.length, labels: labels.length, groups: options.groups.length });
  const assignment = assignGroupedFolds(options);
  if (assignment.status === 'unavailable') return assignment;
  const { folds, foldCount } = assignment;
  const scores = new Float64Array(labels.length);
  for (let fold = 0; fold < foldCount; fold++) {
    const training = [...labels.keys()].filter((index) => folds[index] !== fold);
    const model = fitLogisticRegression({
      features: training.map((index) => features[index]!),
      labels: training.map((index) => labels[index]!),
      penalty,
    });
    features.forEach((row, index) => {
      if (folds[index] === fold) scores[index] = model.predict(row);
    });
  }
  return { status: 'scored', scores, folds, foldCount };
}

export interface CrossFitAuroc {
  /** Mean of the AUROCs within folds, weighted by their pairs; null where no fold has both classes. */
  readonly auroc: number | null;
  readonly low: number | null;
  readonly high: number | null;
  /**
   * One-sided p-value of AUROC <= 0.5; null where the variance is unknown. Where every fold is separated perfectly, or all
   * scores are equal, the estimated variance is 0; the variance under the null hypothesis stands in then.
   */
  readonly pValue: number | null;
  /** Folds with both classes; the others hold no pair to compare. */
  readonly foldsUsed: number;
  readonly reason: 'no-fold-with-both-classes' | 'variance-unknown' | 'no-variation' | null;
}

/**
 * Compares samples only with samples of the same fold. Each fold's AUROC is that of a model fixed beforehand, hence without
 * bias; a pooled one compares scores of different models, each fitted on the other's test sample, and falls below 0.5 without
 * signal (Airola et al., Computational Statistics & Data Analysis 55, 2011). The variance sums the folds' own, by DeLong, or by
 * Obuchowski where `groups` are given, widened by `sharedTraining`; the interval is normal, cut to [0, 1].
 */
export function crossFitAuroc(
  { scores, folds, foldCount }: Extract<CrossFit, { status: 'scored' }>,
  labels: readonly (0 | 1)[],
  { groups, confidence = 0.95 }: { groups?: readonly string[]; confidence?: number } = {},
): CrossFitAuroc {
  requireSameLength({ scores: scores.length, labels: labels.length, groups: groups?.length ?? labels.length });
  requireConfidence(confidence);
  const parts = Array.from({ length: foldCount }, (_, fold) => foldArea(fold, scores, folds, labels, groups));
  const used = parts.filter((part) => part !== null);
  const pairs = used.reduce((sum, part) => sum + part.pairs, 0);
  const none = { low: null, high: null, pValue: null, foldsUsed: used.length };
  if (pairs === 0) return { auroc: null, ...none, reason: 'no-fold-with-both-classes' };
  // Summed before dividing: shares of the pairs do not add up to 1 in floating point, and perfect separation must be 1.
  const area = used.reduce((sum, part) => sum + part.pairs * part.area, 0) / pairs;
  const widening = sharedTraining(foldCount);
  const variance = widening * used.reduce((sum, part) => sum + (part.pairs / pairs) ** 2 * (part.variance ?? Number.NaN), 0);
  if (Number.isNaN(variance)) return { auroc: area, ...none, reason: 'variance-unknown' };
  if (variance === 0)
    return { auroc: area, ...none, pValue: nullPValue(area, widening, used, pairs), reason: 'no-variation' };
  const deviation = Math.sqrt(variance);
  const spread = twoSidedZ(confidence) * deviation;
  return {
    auroc: area,
    low: Math.max(0, area - spread),
    high: Math.min(1, area + spread),
    pValue: normalCdf((0.5 - area) / deviation),
    foldsUsed: used.length,
    reason: null,
  };
}

/**
 * Folds are not independent: each model is trained on the other folds' test samples. Nadeau and Bengio ("Inference for the
 * generalization error", Machine Learning 52, 2003) take 1/k + n_test/n_train for 1/k, a factor of 1 + k/(k - 1), 2.25 for five folds.
 * Without signal the true factor is near 2 (each pair of folds is compared twice), so the test keeps its level; with signal it is less.
 */
export const sharedTraining = (foldCount: number): number => 1 + foldCount / (foldCount - 1);

interface FoldArea {
  readonly area: number;
  readonly variance: number | null;
  readonly pairs: number;
  /** Independent units of each class: groups where given, else samples. */
  units(): readonly [number, number];
}

/** Mann and Whitney's variance of an AUROC without signal, (m + n + 1) / (12 m n), over independent units, ties ignored. */
function nullPValue(area: number, widening: number, used: readonly FoldArea[], pairs: number): number {
  const variance = used.reduce((sum, part) => {
    const [m, n] = part.units();
    return sum + ((part.pairs / pairs) ** 2 * (m + n + 1)) / (12 * m * n);
  }, 0);
  return normalCdf((0.5 - area) / Math.sqrt(widening * variance));
}

function foldArea(
  fold: number,
  scores: Float64Array,
  folds: Int32Array,
  labels: readonly (0 | 1)[],
  groups?: readonly string[],
): FoldArea | null {
  const members = (label: 0 | 1) => {
    const found: number[] = [];
    for (let index = 0; index < folds.length; index++)
      if (folds[index] === fold && labels[index] === label) found.push(index);
    return found;
  };
  const [ones, zeros] = [members(1), members(0)];
  const pick = (indices: readonly number[]) => indices.map((index) => scores[index]!);
  const cluster = (indices: readonly number[]) => indices.map((index) => groups?.[index] ?? `sample ${index}`);
  const clusters = { positives: cluster(ones), negatives: cluster(zeros) };
  const { auroc, variance } = aurocInterval(pick(ones), pick(zeros), groups ? { clusters } : {});
  if (auroc === null) return null;
  const units = () => [new Set(clusters.positives).size, new Set(clusters.negatives).size] as const;
  return { area: auroc, variance, pairs: ones.length * zeros.length, units };
}
