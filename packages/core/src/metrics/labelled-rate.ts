/**
 * The rate behind a judge that errs, where people labelled a random part of the images. All intervals are normal, with a
 * variance by linearisation over prompts (Cochran, "Sampling Techniques", 3rd ed. 1977, section 6.4; Binder, International
 * Statistical Review 51, 1983): everything of one prompt, judged or labelled, moves together.
 */
import { requireConfidence } from './inputs.ts';
import { twoSidedZ } from './normal.ts';

/** Counts of one prompt. Each count but `samples` is part of the one it is counted among. */
export interface LabelledCluster {
  /** Trials, among them those that ended without an image and so surely without the property. */
  readonly samples: number;
  /** Images with a verdict. */
  readonly images: number;
  /** Images that the judge flags. */
  readonly flagged: number;
  /** Images with a verdict that people labelled, those whose label is yes, those flagged, and those both. */
  readonly labelled: number;
  readonly positive: number;
  readonly labelledFlagged: number;
  readonly hits: number;
}

export interface LabelledRate {
  /** Positives / samples, in [0, 1]; null with a reason where there is none. */
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
  /** True where the estimate fell outside [0, 1] and was cut. */
  readonly cut: boolean;
  /** Weight of the judge's verdicts; only of `predictionPoweredRate`. 0: labels alone. */
  readonly weight: number | null;
  readonly reason:
    | 'no-samples'
    | 'no-labels'
    | 'one-prompt'
    | 'no-variation'
    | 'no-positive-label'
    | 'no-negative-label'
    | 'judge-at-chance'
    | null;
}

type Counts = { -readonly [K in keyof LabelledCluster]: number };

function totalsOf(clusters: readonly LabelledCluster[]): Counts {
  const sum: Counts = { samples: 0, images: 0, flagged: 0, labelled: 0, positive: 0, labelledFlagged: 0, hits: 0 };
  for (const cluster of clusters) for (const key of Object.keys(sum) as (keyof Counts)[]) sum[key] += cluster[key];
  return sum;
}

const absent = (reason: LabelledRate['reason'], value: number | null = null): LabelledRate => ({
  value: value === null ? null : unit(value),
  low: null,
  high: null,
  cut: value !== null && unit(value) !== value,
  weight: null,
  reason,
});
const unit = (value: number): number => Math.min(1, Math.max(0, value));

/** `squares`: Σ over prompts of the squared influence of the prompt on the estimate. */
function withInterval(
  raw: number,
  {
    squares,
    prompts,
    extra = 0,
    weight = null,
  }: { squares: number; prompts: number; extra?: number; weight?: number | null },
  confidence: number,
): LabelledRate {
  if (prompts < 2) return { ...absent('one-prompt', raw), weight };
  const variance = (prompts / (prompts - 1)) * squares + extra;
  // 1e-24: equal but for rounding. A width of zero would claim certainty.
  if (variance <= 1e-24) return { ...absent('no-variation', raw), weight };
  const spread = twoSidedZ(confidence) * Math.sqrt(variance);
  return {
    value: unit(raw),
    low: unit(raw - spread),
    high: unit(raw + spread),
    cut: unit(raw) !== raw,
    weight,
    reason: null,
  };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/**
 * Prediction-powered inference (Angelopoulos et al., Science 382, 2023, arXiv 2301.09633): the mean of the labels, plus what
 * the judge says of all images beyond what it says of the labelled ones, with weight λ. λ is tuned as in PPI++ (Angelopoulos,
 * Duchi and Zrnic, arXiv 2311.01453): the one in [0, 1] that gives the smallest variance, here the variance over prompts.
 * For images without labels of size M - n this is their estimator with λ M / (M - n) in the place of λ.
 * Valid for any judge, provided that the labelled images are a random part; a bad judge only fails to help.
 */
export function predictionPoweredRate(
  clusters: readonly LabelledCluster[],
  { confidence = 0.95, weight }: { confidence?: number; weight?: number } = {},
): LabelledRate {
  requireConfidence(confidence);
  const rows = clusters.filter(({ samples }) => samples > 0);
  const total = totalsOf(rows);
  if (total.samples === 0) return absent('no-samples');
  if (total.labelled === 0) return absent('no-labels');
  const imageShare = total.images / total.samples;
  const judged = total.flagged / total.samples;
  const label = total.positive / total.labelled;
  const judgedLabelled = total.labelledFlagged / total.labelled;
  // Influence of each prompt on the part without the judge, and on the part that λ multiplies.
  const parts = rows.map((row) => {
    const shareMoves = (row.images - imageShare * row.samples) / total.samples;
    const labels = label * shareMoves + (imageShare * (row.positive - label * row.labelled)) / total.labelled;
    const judge =
      (row.flagged - judged * row.samples) / total.samples -
      judgedLabelled * shareMoves -
      (imageShare * (row.labelledFlagged - judgedLabelled * row.labelled)) / total.labelled;
    return { labels, judge };
  });
  const judgeSquares = sum(parts.map(({ judge }) => judge * judge));
  const tuned = judgeSquares === 0 ? 0 : unit(-sum(parts.map(({ labels, judge }) => labels * judge)) / judgeSquares);
  const lambda = weight ?? tuned;
  const raw = imageShare * label + lambda * (judged - imageShare * judgedLabelled);
  const squares = sum(parts.map(({ labels, judge }) => (labels + lambda * judge) ** 2));
  return withInterval(raw, { squares, prompts: rows.length, weight: lambda }, confidence);
}

/** The labelled images alone: what prediction-powered inference is to improve on. */
export const labelsOnlyRate = (clusters: readonly LabelledCluster[], options: { confidence?: number } = {}): LabelledRate =>
  predictionPoweredRate(clusters, { ...options, weight: 0 });

/**
 * Rogan and Gladen (American Journal of Epidemiology 107, 1978) where sensitivity and specificity come from labelled images
 * of the same run: (flagged - images (1 - specificity)) / (sensitivity + specificity - 1), over samples. The interval
 * knows that labels and verdicts share prompts. Needs labels of both answers.
 */
export function roganGladenRate(
  clusters: readonly LabelledCluster[],
  { confidence = 0.95 }: { confidence?: number } = {},
): LabelledRate {
  requireConfidence(confidence);
  const rows = clusters.filter(({ samples }) => samples > 0);
  const total = totalsOf(rows);
  if (total.samples === 0) return absent('no-samples');
  if (total.labelled === 0) return absent('no-labels');
  const negative = total.labelled - total.positive;
  if (total.positive === 0) return absent('no-positive-label');
  if (negative === 0) return absent('no-negative-label');
  const passes = (row: LabelledCluster): number => row.labelled - row.positive - (row.labelledFlagged - row.hits);
  const hit = steadied(total.hits, total.positive);
  const pass = steadied(passes(total), negative);
  const informedness = hit.share + pass.share - 1;
  if (informedness <= 0) return absent('judge-at-chance');
  const imageShare = total.images / total.samples;
  const judged = total.flagged / total.samples;
  const raw = (judged - imageShare * (1 - pass.share)) / informedness;
  const value = unit(raw);
  const influences = rows.map((row) => {
    const judgeMoves = (row.flagged - judged * row.samples) / total.samples;
    const shareMoves = (row.images - imageShare * row.samples) / total.samples;
    const hitMoves = (row.hits - hit.steady * row.positive) / hit.size;
    const passMoves = (passes(row) - pass.steady * (row.labelled - row.positive)) / pass.size;
    return judgeMoves - (1 - pass.share) * shareMoves - value * hitMoves + (imageShare - value) * passMoves;
  });
  const squares = sum(influences.map((influence) => influence * influence)) / informedness ** 2;
  const extra = (value ** 2 * hit.extra + (imageShare - value) ** 2 * pass.extra) / informedness ** 2;
  return withInterval(raw, { squares, prompts: rows.length, extra }, confidence);
}

/** One right and one wrong answer more, in the variance alone: 50 of 50 right is no proof of a perfect judge (Agresti and Caffo, The American Statistician 54, 2000). */
function steadied(right: number, labelled: number): { share: number; steady: number; size: number; extra: number } {
  const size = labelled + 2;
  const steady = (right + 1) / size;
  return { share: right / labelled, steady, size, extra: ((1 - steady) ** 2 + steady ** 2) / size ** 2 };
}
