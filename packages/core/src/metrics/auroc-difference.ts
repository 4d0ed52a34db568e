/** Difference of two AUROCs over the same images, such as before and after a change to them. */
import { requireConfidence, requireSameLength } from './inputs.ts';
import { normalCdf, twoSidedZ } from './normal.ts';
import { auroc, clusteredVariance, placements } from './roc.ts';

/** Scores that one model gave: two of the same positives and of the same negatives, aligned. */
export interface PairedScores {
  readonly first: { readonly positives: ArrayLike<number>; readonly negatives: ArrayLike<number> };
  readonly second: { readonly positives: ArrayLike<number>; readonly negatives: ArrayLike<number> };
  readonly clusters: { readonly positives: readonly string[]; readonly negatives: readonly string[] };
}

export interface AurocDifference {
  readonly first: number;
  readonly second: number;
  /** First minus second, in [-1, 1]. */
  readonly difference: number;
  /** Null where a class lies in one cluster, or where nothing varies. */
  readonly low: number | null;
  readonly high: number | null;
  /** Two-sided, of "the areas are equal"; null where there is no interval. */
  readonly pValue: number | null;
}

export interface AurocDifferenceOptions {
  readonly confidence?: number;
  /** Factor of the variance, where the two scores come from models that were fitted apart, so that fitting varies too. */
  readonly widening?: number;
}

/**
 * The variance of the difference is that of the difference of structural components, image by image (DeLong, DeLong and
 * Clarke-Pearson, Biometrics 44, 1988), summed by cluster (Obuchowski, Biometrics 53, 1997). Several parts, one for each
 * fitted model, are averaged by their pairs; the interval is given the models, so it has no term for fitting them again unless `widening` gives it.
 * Null where no part has both classes.
 */
export function aurocDifference(
  parts: readonly PairedScores[],
  { confidence = 0.95, widening = 1 }: AurocDifferenceOptions = {},
): AurocDifference | null {
  requireConfidence(confidence);
  const used = parts.filter(({ first }) => first.positives.length > 0 && first.negatives.length > 0);
  const pairs = used.reduce((sum, { first }) => sum + first.positives.length * first.negatives.length, 0);
  if (pairs === 0) return null;
  const sums = { first: 0, second: 0, variance: 0 };
  for (const part of used) {
    const share = (part.first.positives.length * part.first.negatives.length) / pairs;
    const [a, b] = [areaOf(part.first), areaOf(part.second)];
    sums.first += share * a;
    sums.second += share * b;
    sums.variance += share ** 2 * (differenceVariance(part, a - b) ?? Number.NaN);
  }
  const difference = sums.first - sums.second;
  const values = { first: sums.first, second: sums.second, difference };
  if (!(sums.variance > 0)) return { ...values, low: null, high: null, pValue: null };
  const deviation = Math.sqrt(widening * sums.variance);
  const spread = twoSidedZ(confidence) * deviation;
  return {
    ...values,
    low: Math.max(-1, difference - spread),
    high: Math.min(1, difference + spread),
    pValue: 2 * normalCdf(-Math.abs(difference) / deviation),
  };
}

const areaOf = ({ positives, negatives }: PairedScores['first']): number => auroc(positives, negatives)!;

function differenceVariance({ first, second, clusters }: PairedScores, difference: number): number | null {
  requireSameLength({
    'positives of the first': first.positives.length,
    'positives of the second': second.positives.length,
  });
  requireSameLength({
    'negatives of the first': first.negatives.length,
    'negatives of the second': second.negatives.length,
  });
  const components = (of: 'positives' | 'negatives', others: 'positives' | 'negatives', sign: 1 | -1): Float64Array => {
    const [a, b] = [placements(first[of], first[others]), placements(second[of], second[others])];
    return a.map((value, index) => sign * (value - b[index]!) - difference);
  };
  // A negative's placement among positives is the share below it; its component is the share above.
  return clusteredVariance(components('positives', 'negatives', 1), components('negatives', 'positives', -1), clusters);
}
