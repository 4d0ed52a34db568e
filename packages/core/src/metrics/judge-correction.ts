/** The rate behind a judge that errs at a known rate. */
import { invalidInput, requireConfidence } from './inputs.ts';
import { twoSidedZ } from './normal.ts';
import { type PromptTally, tallyByPrompt } from './tallies.ts';

/** Right answers on images that people labelled, of one true class. */
export interface LabelledSubset {
  readonly right: number;
  readonly labelled: number;
}

export interface CorrectedRate {
  /** In [0, 1]; null with a reason where there is none. */
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
  /** The rate as judged. */
  readonly observed: number | null;
  /** True where the estimate fell outside [0, 1] and was cut: the judge errs more often than it flags, or misses more than it passes. */
  readonly cut: boolean;
  readonly reason: 'no-trials' | 'one-prompt' | 'no-labels' | 'judge-at-chance' | null;
}

/**
 * Rogan and Gladen ("Estimating prevalence from the results of a screening test", American Journal of Epidemiology 107, 1978):
 * (observed + specificity - 1) / (sensitivity + specificity - 1). The interval is normal, by the delta method, from three
 * independent errors: of the observed rate (clustered by prompt), of sensitivity and of specificity. Undefined for a judge
 * whose sensitivity + specificity is at most 1. Throws `METRIC_INPUT_INVALID` for counts that do not nest.
 */
export function correctForJudge(
  tallies: readonly PromptTally[],
  {
    sensitivity,
    specificity,
    confidence = 0.95,
  }: { sensitivity: LabelledSubset; specificity: LabelledSubset; confidence?: number },
): CorrectedRate {
  requireConfidence(confidence);
  const prompts = [...tallyByPrompt(tallies).values()].filter((tally) => tally.trials > 0);
  const trials = prompts.reduce((sum, tally) => sum + tally.trials, 0);
  const observed = trials === 0 ? null : prompts.reduce((sum, tally) => sum + tally.positives, 0) / trials;
  const [hit, pass] = [shareRight(sensitivity, 'sensitivity'), shareRight(specificity, 'specificity')];
  const absent = (reason: CorrectedRate['reason']): CorrectedRate => ({
    value: null,
    low: null,
    high: null,
    observed,
    cut: false,
    reason,
  });
  if (observed === null) return absent('no-trials');
  if (hit === null || pass === null) return absent('no-labels');
  const informedness = hit.share + pass.share - 1;
  if (informedness <= 0) return absent('judge-at-chance');
  const raw = (observed + pass.share - 1) / informedness;
  const value = unit(raw);
  const cut = value !== raw;
  if (prompts.length < 2) return { value, low: null, high: null, observed, cut, reason: 'one-prompt' };
  const variance =
    clusteredVariance(prompts, observed, trials) + value ** 2 * hit.variance + (1 - value) ** 2 * pass.variance;
  const spread = (twoSidedZ(confidence) * Math.sqrt(variance)) / informedness;
  return { value, low: unit(raw - spread), high: unit(raw + spread), observed, cut, reason: null };
}

const unit = (value: number): number => Math.min(1, Math.max(0, value));

function shareRight({ right, labelled }: LabelledSubset, name: string): { share: number; variance: number } | null {
  if (!(right >= 0 && right <= labelled && Number.isFinite(labelled)))
    invalidInput(`0 <= right <= labelled for ${name}`, `${right} of ${labelled}`, 'Count each labelled image once.');
  if (labelled === 0) return null;
  // One success and one failure more, in the variance alone: 50 of 50 right is not proof of a perfect judge (Agresti and Caffo, 2000).
  const steadied = (right + 1) / (labelled + 2);
  return { share: right / labelled, variance: (steadied * (1 - steadied)) / (labelled + 2) };
}

/** Variance of a ratio of cluster sums by linearisation (Cochran, "Sampling Techniques", 3rd ed. 1977, section 6.4), clusters drawn independently. */
function clusteredVariance(prompts: readonly { positives: number; trials: number }[], rate: number, trials: number): number {
  const residuals = prompts.reduce((sum, tally) => sum + (tally.positives - rate * tally.trials) ** 2, 0);
  return ((prompts.length / (prompts.length - 1)) * residuals) / trials ** 2;
}
