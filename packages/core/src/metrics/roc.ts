/**
 * ROC curve and the area under it. Positives are synthetic images, negatives authentic ones; a higher score means
 * more likely synthetic; an image is called synthetic when its score is **above** the threshold. Scores are ranks:
 * any finite numbers, only their order counts. Equal scores are one point of the curve.
 */
import { invalidInput, requireConfidence, requireSameLength, sortedCopy } from './inputs.ts';
import { twoSidedZ } from './normal.ts';

export interface RocCurve {
  /** Falling; the first is the highest score (nothing is above it), the last -Infinity (everything is). */
  readonly thresholds: Float64Array;
  /** Rising from 0 to 1, shares of negatives and of positives above the threshold. */
  readonly falsePositiveRates: Float64Array;
  readonly truePositiveRates: Float64Array;
}

/** Null when a class is empty. O(n log n). One point for each distinct score and the end (1, 1). */
export function rocCurve(positives: ArrayLike<number>, negatives: ArrayLike<number>): RocCurve | null {
  const groups = scoreGroups(positives, negatives);
  if (groups === null) return null;
  const { scores, positiveCounts, negativeCounts, positiveTotal, negativeTotal } = groups;
  const points = scores.length + 1;
  const [falsePositiveRates, truePositiveRates] = [new Float64Array(points), new Float64Array(points)];
  const thresholds = new Float64Array(points).fill(-Infinity);
  let [above, falselyAbove] = [0, 0];
  for (let group = 0; group < scores.length; group++) {
    thresholds[group] = scores[group]!;
    above += positiveCounts[group]!;
    falselyAbove += negativeCounts[group]!;
    truePositiveRates[group + 1] = above / positiveTotal;
    falsePositiveRates[group + 1] = falselyAbove / negativeTotal;
  }
  return { thresholds, falsePositiveRates, truePositiveRates };
}

/** Distinct scores, falling, with how many of each class have them. */
export interface ScoreGroups {
  readonly scores: Float64Array;
  readonly positiveCounts: Float64Array;
  readonly negativeCounts: Float64Array;
  readonly positiveTotal: number;
  readonly negativeTotal: number;
}

/** Null when a class is empty. Merges two sorted lists, so ties are exact comparisons of equal doubles. */
export function scoreGroups(positives: ArrayLike<number>, negatives: ArrayLike<number>): ScoreGroups | null {
  return sortedGroups(sortedCopy(positives, 'scores of positives'), sortedCopy(negatives, 'scores of negatives'));
}

function sortedGroups(up: Float64Array, down: Float64Array): ScoreGroups | null {
  if (up.length === 0 || down.length === 0) return null;
  const capacity = up.length + down.length;
  const [scores, positiveCounts, negativeCounts] = [0, 1, 2].map(() => new Float64Array(capacity)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  let [i, j, filled] = [up.length - 1, down.length - 1, 0];
  while (i >= 0 || j >= 0) {
    const score = Math.max(i >= 0 ? up[i]! : -Infinity, j >= 0 ? down[j]! : -Infinity);
    scores[filled] = score;
    for (; i >= 0 && up[i] === score; i--) positiveCounts[filled]! += 1;
    for (; j >= 0 && down[j] === score; j--) negativeCounts[filled]! += 1;
    filled++;
  }
  return {
    scores: scores.slice(0, filled),
    positiveCounts: positiveCounts.slice(0, filled),
    negativeCounts: negativeCounts.slice(0, filled),
    positiveTotal: up.length,
    negativeTotal: down.length,
  };
}

/**
 * P(positive > negative) + P(equal) / 2 (Mann and Whitney, 1947; Bamber, 1975), in [0, 1], exact up to one division
 * while 2 × positives × negatives < 2^53. Null when a class is empty.
 */
export function auroc(positives: ArrayLike<number>, negatives: ArrayLike<number>): number | null {
  const groups = scoreGroups(positives, negatives);
  return groups && areaOf(groups);
}

function areaOf(groups: ScoreGroups): number {
  const { positiveCounts, negativeCounts, positiveTotal, negativeTotal } = groups;
  let doubled = 0;
  let negativesBelow = negativeTotal;
  for (let group = 0; group < positiveCounts.length; group++) {
    const equal = negativeCounts[group]!;
    negativesBelow -= equal;
    doubled += positiveCounts[group]! * (2 * negativesBelow + equal);
  }
  return doubled / 2 / positiveTotal / negativeTotal;
}

export interface AurocInterval {
  readonly auroc: number | null;
  /** Of the AUROC, not of one score; null where undefined. */
  readonly variance: number | null;
  readonly low: number | null;
  readonly high: number | null;
  /** `no-variation`: perfect separation either way has an estimated variance of 0, which is no evidence of certainty. */
  readonly reason: 'empty-class' | 'too-few' | 'no-variation' | null;
}

export interface AurocOptions {
  readonly confidence?: number;
  /**
   * Cluster (prompt, caption or source photograph) of each score, aligned with the scores. With them the variance is that of
   * Obuchowski (Biometrics 53, 1997), which allows for likeness within a cluster, across both classes if they share ids.
   */
  readonly clusters?: { readonly positives: readonly string[]; readonly negatives: readonly string[] };
}

/**
 * AUROC with the variance of DeLong, DeLong and Clarke-Pearson (Biometrics 44, 1988) by midranks in O(n log n)
 * (Sun and Xu, IEEE SPL 21, 2014), and the normal interval AUROC ± z √variance cut to [0, 1].
 */
export function aurocInterval(
  positives: ArrayLike<number>,
  negatives: ArrayLike<number>,
  { confidence = 0.95, clusters }: AurocOptions = {},
): AurocInterval {
  requireConfidence(confidence);
  const absent = { variance: null, low: null, high: null };
  // Sorted once for all three: the area and both placements.
  const [up, down] = [sortedCopy(positives, 'scores of positives'), sortedCopy(negatives, 'scores of negatives')];
  const groups = sortedGroups(up, down);
  if (groups === null) return { auroc: null, ...absent, reason: 'empty-class' };
  const [above, below] = [placementsAmong(positives, down), placementsAmong(negatives, up)];
  const area = areaOf(groups);
  // A negative's placement among positives is the share below it; DeLong's V01 is the share above.
  const [v10, v01] = [above.map((value) => value - area), below.map((value) => 1 - value - area)];
  const variance = clusters === undefined ? delongVariance(v10, v01) : clusteredVariance(v10, v01, clusters);
  if (variance === null) return { auroc: area, ...absent, reason: 'too-few' };
  if (variance <= 0) return { auroc: area, ...absent, variance: 0, reason: 'no-variation' };
  const spread = twoSidedZ(confidence) * Math.sqrt(variance);
  return { auroc: area, variance, low: Math.max(0, area - spread), high: Math.min(1, area + spread), reason: null };
}

/** For each score, in the order given, the share of `others` below it, equal ones counted half. */
export function placements(scores: ArrayLike<number>, others: ArrayLike<number>): Float64Array {
  return placementsAmong(scores, sortedCopy(others, 'scores'));
}

/** `sorted` is rising. */
function placementsAmong(scores: ArrayLike<number>, sorted: Float64Array): Float64Array {
  if (sorted.length === 0) return new Float64Array(0);
  const shares = new Float64Array(scores.length);
  for (let index = 0; index < shares.length; index++) {
    const score = scores[index]!;
    const below = countBelow(sorted, score);
    let notAbove = below;
    // Ties are few in scores and many in counts; both ends are searched only where there is one.
    if (sorted[below] === score) notAbove = countNotAbove(sorted, score);
    shares[index] = (below + notAbove) / 2 / sorted.length;
  }
  return shares;
}

/** Elements of a rising list that are less than `value`. */
function countBelow(sorted: Float64Array, value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function countNotAbove(sorted: Float64Array, value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** S10 / m + S01 / n from centred structural components; null for a class of one, whose variance is unknown. */
function delongVariance(v10: Float64Array, v01: Float64Array): number | null {
  const [m, n] = [v10.length, v01.length];
  if (m < 2 || n < 2) return null;
  return sumOfSquares(v10) / (m - 1) / m + sumOfSquares(v01) / (n - 1) / n;
}

const sumOfSquares = (values: Iterable<number>): number => {
  let sum = 0;
  for (const value of values) sum += value * value;
  return sum;
};

/** Obuchowski's S10 / m + S01 / n + 2 S11 / (m n) over sums of centred components by cluster. */
export function clusteredVariance(
  v10: Float64Array,
  v01: Float64Array,
  clusters: NonNullable<AurocOptions['clusters']>,
): number | null {
  requireSameLength({ 'scores of positives': v10.length, 'clusters of positives': clusters.positives.length });
  requireSameLength({ 'scores of negatives': v01.length, 'clusters of negatives': clusters.negatives.length });
  const [up, down] = [sumByCluster(v10, clusters.positives), sumByCluster(v01, clusters.negatives)];
  const all = new Set([...up.keys(), ...down.keys()]).size;
  if (up.size < 2 || down.size < 2) return null;
  const [m, n] = [v10.length, v01.length];
  const s10 = (up.size / (up.size - 1) / m) * sumOfSquares(up.values());
  const s01 = (down.size / (down.size - 1) / n) * sumOfSquares(down.values());
  let crossed = 0;
  for (const [cluster, sum] of up) crossed += sum * (down.get(cluster) ?? 0);
  const variance = s10 / m + s01 / n + (2 * (all / (all - 1)) * crossed) / (m * n);
  if (Number.isNaN(variance)) invalidInput('finite scores', 'NaN', 'Leave out samples that have no score.');
  return variance;
}

function sumByCluster(values: Float64Array, clusters: readonly string[]): Map<string, number> {
  const sums = new Map<string, number>();
  values.forEach((value, index) => {
    sums.set(clusters[index]!, (sums.get(clusters[index]!) ?? 0) + value);
  });
  return sums;
}
