/** Difference of two sides (families, generators, levels) that answered the same prompts. */
import { type BootstrapInterval, type ResamplingOptions, ratioOfSums } from './cluster-bootstrap.ts';
import { clusterInterval } from './cluster-interval.ts';
import { requireConfidence } from './inputs.ts';
import { twoSidedZ } from './normal.ts';
import { type SignFlipResult, signFlipTest } from './sign-flip.ts';
import { type PromptTally, tallyByPrompt } from './tallies.ts';

export interface PairedDifference {
  /** Mean over shared prompts of (first rate - second rate), in [-1, 1], with its interval over prompts. */
  readonly difference: BootstrapInterval;
  /** Mean per-prompt rate of each side over the shared prompts; null without any. */
  readonly firstRate: number | null;
  readonly secondRate: number | null;
  /** Null without shared prompts. */
  readonly test: SignFlipResult | null;
  /** Cohen's h of the two mean rates: 2 asin √p1 - 2 asin √p2, in [-π, π]; 0.2 small, 0.5 medium, 0.8 large (Cohen 1988, ch. 6). */
  readonly cohenH: number | null;
  /** Mean over standard deviation (n - 1) of the per-prompt differences (Cohen 1988, ch. 2, d_z); null if they do not vary. */
  readonly cohenDz: number | null;
  /** Standard deviation (n - 1) of the per-prompt differences; null for fewer than two prompts. */
  readonly deviation: number | null;
  /** Prompts with trials on both sides, and those with trials on one side only, which are left out. */
  readonly sharedPrompts: number;
  readonly firstOnlyPrompts: number;
  readonly secondOnlyPrompts: number;
}

export interface PairedOptions extends ResamplingOptions {
  /** Random sign patterns where an exact test is out of reach; default 9,999. */
  readonly rounds?: number;
}

/**
 * Each shared prompt weighs the same, however many samples it has: the study's score is a mean of per-prompt shares.
 * Throws `METRIC_INPUT_INVALID` for counts that are not 0 <= positives <= trials.
 */
export function pairedDifference(
  first: readonly PromptTally[],
  second: readonly PromptTally[],
  options: PairedOptions,
): PairedDifference {
  const pairs = pairByPrompt(first, second);
  const { rates, differences } = pairs;
  const difference = sparseInterval(differences, options.confidence) ?? meanInterval(differences, options);
  const firstRate = mean(rates.first);
  const secondRate = mean(rates.second);
  return {
    difference,
    firstRate,
    secondRate,
    test: differences.length === 0 ? null : signFlipTest(differences, options),
    cohenH: firstRate === null || secondRate === null ? null : cohenH(firstRate, secondRate),
    cohenDz: standardisedMean(differences),
    deviation: deviationOf(differences),
    sharedPrompts: differences.length,
    firstOnlyPrompts: pairs.firstOnly,
    secondOnlyPrompts: pairs.secondOnly,
  };
}

function meanInterval(differences: readonly number[], options: ResamplingOptions): BootstrapInterval {
  const ones = new Float64Array(differences.length).fill(1);
  return clusterInterval([differences, ones], ratioOfSums, { ...options, range: [-1, 1] });
}

/** With fewer prompts that differ a percentile interval is too narrow: in the worst of 17 simulated cases (20 prompts, rates 0.04 and 0.02) it holds 76 times in 100. */
const fewestThatDiffer = 10;

/**
 * Where few prompts differ: Wald's interval with two prompts more, one that differs either way (Bonett and Price, British Journal
 * of Mathematical and Statistical Psychology 65, 2012, for one sample a prompt and side), each by as much as those that differ do on
 * average. In simulations of 20 to 200 prompts it holds 92 to 100 times in 100. Null where enough prompts differ, and where all
 * differ alike or none does.
 */
function sparseInterval(differences: readonly number[], confidence = 0.95): BootstrapInterval | null {
  requireConfidence(confidence);
  const differing = differences.filter((value) => value !== 0);
  const estimate = mean(differences);
  const deviation = deviationOf(differences);
  if (estimate === null || differing.length === 0 || differing.length >= fewestThatDiffer) return null;
  // 1e-12: equal but for rounding.
  if (deviation === null || deviation <= 1e-12) return null;
  const size = mean(differing.map(Math.abs))!;
  const prompts = differences.length + 2;
  const centre = differences.reduce((sum, value) => sum + value, 0) / prompts;
  const squares = differences.reduce((sum, value) => sum + value * value, 0) + 2 * size * size;
  const error = Math.sqrt((squares / prompts - centre * centre) / prompts);
  const spread = twoSidedZ(confidence) * error;
  return {
    estimate,
    low: Math.max(-1, centre - spread),
    high: Math.min(1, centre + spread),
    confidence,
    clusters: differences.length,
    resamples: 0,
    undefinedResamples: 0,
    reason: null,
    pValue: null,
  };
}

/** Effect size of two shares in [0, 1]: the difference of 2 asin(√p), in [-π, π] (Cohen, "Statistical Power Analysis", 2nd ed. 1988, chapter 6). */
export const cohenH = (first: number, second: number): number => angle(first) - angle(second);

const angle = (share: number): number => 2 * Math.asin(Math.sqrt(Math.min(1, Math.max(0, share))));

function pairByPrompt(first: readonly PromptTally[], second: readonly PromptTally[]) {
  const [left, right] = [tallyByPrompt(first), tallyByPrompt(second)];
  const rates = { first: [] as number[], second: [] as number[] };
  let firstOnly = 0;
  let secondOnly = 0;
  // Sorted, so that the order of records does not decide which prompt a seed draws.
  for (const promptId of [...new Set([...left.keys(), ...right.keys()])].sort()) {
    const [a, b] = [left.get(promptId), right.get(promptId)];
    const [hasFirst, hasSecond] = [(a?.trials ?? 0) > 0, (b?.trials ?? 0) > 0];
    if (hasFirst && hasSecond) {
      rates.first.push(a!.positives / a!.trials);
      rates.second.push(b!.positives / b!.trials);
    } else if (hasFirst) firstOnly++;
    else if (hasSecond) secondOnly++;
  }
  return { rates, differences: rates.first.map((rate, index) => rate - rates.second[index]!), firstOnly, secondOnly };
}

const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;

function standardisedMean(values: readonly number[]): number | null {
  const [centre, deviation] = [mean(values), deviationOf(values)];
  // 1e-12: differences that are equal but for rounding have no spread to divide by.
  return centre === null || deviation === null || deviation <= 1e-12 ? null : centre / deviation;
}

function deviationOf(values: readonly number[]): number | null {
  const centre = mean(values);
  if (centre === null || values.length < 2) return null;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1));
}
