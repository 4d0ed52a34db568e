/**
 * What a detector does at a threshold. One rule everywhere: an image is called synthetic when its score is **above** the
 * threshold, as in the published evaluations at 0.5. Shares are in [0, 1] and null when their class is empty.
 */
import { finiteCopy, invalidInput, requireWithin, sortedCopy } from './inputs.ts';
import { rocCurve } from './roc.ts';

export interface Accuracy {
  readonly threshold: number;
  /** Right answers over all images; depends on the ratio of the classes. */
  readonly accuracy: number | null;
  /** Share of authentic images called authentic (true negative rate). */
  readonly realAccuracy: number | null;
  /** Share of synthetic images called synthetic (true positive rate). */
  readonly fakeAccuracy: number | null;
  /** Mean of the two, free of the ratio of the classes. */
  readonly balancedAccuracy: number | null;
}

/** The default threshold is the 0.5 of published tables; a score of exactly 0.5 reads as authentic there and here. */
export function accuracyAt(synthetic: ArrayLike<number>, authentic: ArrayLike<number>, threshold = 0.5): Accuracy {
  const [caught, passed] = [countAbove(synthetic, threshold), countAbove(authentic, threshold)];
  const [fakes, reals] = [synthetic.length, authentic.length];
  const fakeAccuracy = fakes === 0 ? null : caught / fakes;
  const realAccuracy = reals === 0 ? null : (reals - passed) / reals;
  return {
    threshold,
    accuracy: fakes + reals === 0 ? null : (caught + reals - passed) / (fakes + reals),
    realAccuracy,
    fakeAccuracy,
    balancedAccuracy: fakeAccuracy === null || realAccuracy === null ? null : (fakeAccuracy + realAccuracy) / 2,
  };
}

export interface EqualErrorRate {
  readonly rate: number;
  /** Of the operating point whose two errors differ least; a real detector cannot be set between points. */
  readonly threshold: number;
}

/**
 * Where the false positive rate equals the false negative rate on the ROC curve, points joined by straight lines
 * (equal scores are one point, so a tie is a slanted line). In [0, 1]; 0.5 for constant scores. Null when a class is empty.
 */
export function equalErrorRate(synthetic: ArrayLike<number>, authentic: ArrayLike<number>): EqualErrorRate | null {
  const curve = rocCurve(synthetic, authentic);
  if (curve === null) return null;
  const { thresholds, falsePositiveRates, truePositiveRates } = curve;
  // FPR - FNR rises from -1 to 1 along the curve, so exactly one step reaches 0.
  const excess = (point: number) => falsePositiveRates[point]! - (1 - truePositiveRates[point]!);
  let after = 1;
  while (excess(after) < 0) after++;
  const before = after - 1;
  const along = -excess(before) / (excess(after) - excess(before));
  const rate = falsePositiveRates[before]! + along * (falsePositiveRates[after]! - falsePositiveRates[before]!);
  const nearest = excess(after) <= -excess(before) || !Number.isFinite(thresholds[before]!) ? after : before;
  // Calling everything synthetic has no finite threshold; the point before it is then the nearest that can be set.
  return { rate, threshold: thresholds[Number.isFinite(thresholds[nearest]!) ? nearest : before]! };
}

export interface FixedThreshold {
  /** The share of authentic images that may be called synthetic, in [0, 1). */
  readonly target: number;
  /** A score that occurs among the authentic images. */
  readonly threshold: number;
  /** The share that is: at most the target, lower where ties or too few images allow nothing nearer. */
  readonly attained: number;
}

/**
 * The lowest threshold whose false positive rate on authentic images is at most the target. With k = the most false
 * positives allowed, it is the (k+1)-th highest authentic score: at most k scores lie above it. Images that tie with it are
 * called authentic, so ties make the test stricter, never laxer. It depends on authentic images alone: all generators are
 * then measured at the same threshold. Null without authentic images; with fewer than 1 / target of them, attained is 0.
 */
export function thresholdAtFalsePositiveRate(authentic: ArrayLike<number>, target: number): FixedThreshold | null {
  requireWithin(target, 0, 1, 'the target false positive rate');
  if (target === 1) invalidInput('a target below 1', '1', 'Calling everything synthetic needs no threshold.');
  const sorted = sortedCopy(authentic, 'scores of authentic images');
  const total = sorted.length;
  if (total === 0) return null;
  let allowed = Math.floor(target * total);
  // 0.29 × 100 is 28.999999999999996: decide by the quotient, which rounds correctly.
  if ((allowed + 1) / total <= target) allowed++;
  const threshold = sorted[total - 1 - allowed]!;
  let above = 0;
  while (sorted[total - 1 - above]! > threshold) above++;
  return { target, threshold, attained: above / total };
}

export interface TruePositiveRateAt extends FixedThreshold {
  /** Share of synthetic images above the threshold; null without any. */
  readonly truePositiveRate: number | null;
}

/** TPR at 1, 5 and 10 % FPR by default. Null without authentic images. */
export function truePositiveRatesAt(
  synthetic: ArrayLike<number>,
  authentic: ArrayLike<number>,
  targets: readonly number[] = [0.01, 0.05, 0.1],
): readonly TruePositiveRateAt[] | null {
  const fixed = targets.map((target) => thresholdAtFalsePositiveRate(authentic, target));
  return fixed.every((point) => point !== null)
    ? fixed.map((point) => ({ ...point, truePositiveRate: shareAbove(synthetic, point.threshold) }))
    : null;
}

/** Share of scores above a threshold, such as a generator's images at a threshold fixed elsewhere; null for no scores. */
export function shareAbove(scores: ArrayLike<number>, threshold: number): number | null {
  return scores.length === 0 ? null : countAbove(scores, threshold) / scores.length;
}

function countAbove(scores: ArrayLike<number>, threshold: number): number {
  if (!Number.isFinite(threshold)) invalidInput('a finite threshold', String(threshold), 'Give a score.');
  let above = 0;
  for (const score of finiteCopy(scores, 'scores')) if (score > threshold) above++;
  return above;
}
