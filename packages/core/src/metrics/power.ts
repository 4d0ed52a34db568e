/** How many prompts a study needs, the prompt being the unit: more samples of one prompt help less than more prompts. */
import { invalidInput, requireConfidence, requireCount, requireWithin } from './inputs.ts';
import { normalCdf, normalQuantile } from './normal.ts';

export interface Aim {
  /** Smallest difference of two rates that the study should see, in (0, 1]. */
  readonly difference: number;
  /** Chance of seeing it. Default 0.8. */
  readonly power?: number;
  /** Two-sided level of the test. Default 0.05. */
  readonly alpha?: number;
}

/**
 * Prompts for a paired test of the mean difference over prompts: ((z(1 - α/2) + z(power)) s / d)², with s the standard deviation
 * of the difference between prompts (Chow, Shao and Wang, "Sample Size Calculations in Clinical Research", 2nd ed. 2008,
 * section 3.1), plus z(1 - α/2)² / 2 for s being estimated (Guenther, The American Statistician 35, 1981). At least 2.
 */
export function promptsNeeded(deviation: number, { difference, power = 0.8, alpha = 0.05 }: Aim): number {
  requireWithin(deviation, 0, 1, 'standard deviation of the difference between prompts');
  requireAim({ difference, power, alpha });
  const z = normalQuantile(1 - alpha / 2);
  const base = (((z + normalQuantile(power)) * deviation) / difference) ** 2;
  return Math.max(2, Math.ceil(base + z ** 2 / 2));
}

/** The chance to see a difference with so many prompts: the same formula the other way round. */
export function powerWith(prompts: number, deviation: number, { difference, alpha = 0.05 }: Omit<Aim, 'power'>): number {
  requireCount(prompts, 2, 'prompts');
  requireAim({ difference, alpha });
  if (deviation === 0) return 1;
  const z = normalQuantile(1 - alpha / 2);
  const effective = Math.max(0, prompts - z ** 2 / 2);
  return normalCdf((difference * Math.sqrt(effective)) / deviation - z);
}

function requireAim({ difference, power = 0.8, alpha = 0.05 }: Aim): void {
  if (!(difference > 0 && difference <= 1))
    invalidInput('a difference above 0 and at most 1', String(difference), 'Give a share such as 0.05.');
  requireConfidence(power);
  requireConfidence(alpha);
}

export interface AssumedStudy {
  /** The two rates to be told apart. */
  readonly rates: readonly [number, number];
  /** Samples of each prompt on each side. */
  readonly samples: number;
  /** Correlation of two samples of one prompt and side, in [0, 1]: 0 as if prompts did not matter, 1 as if all samples of a prompt were alike. */
  readonly correlation: number;
  /** Correlation over prompts of the two sides' propensities, in [0, 1]: 1 where a prompt that is hard for one is as hard for the other. */
  readonly sharing?: number;
}

/**
 * Standard deviation between prompts of the difference of two per-prompt shares:
 * s² = Σ over sides p (1 - p) (1 + (m - 1) κ) / m - 2 r κ √(p₁ (1 - p₁) p₂ (1 - p₂)).
 * The first part is the design effect of clusters of m (Kish, "Survey Sampling", 1965, section 5.4; Donner and Klar, "Design and
 * Analysis of Cluster Randomization Trials in Health Research", 2000); the second what pairing by prompt saves.
 */
export function deviationOfDifference({ rates, samples, correlation, sharing = 0 }: AssumedStudy): number {
  requireCount(samples, 1, 'samples per prompt');
  requireWithin(correlation, 0, 1, 'correlation within prompts');
  requireWithin(sharing, 0, 1, 'sharing');
  for (const rate of rates) requireWithin(rate, 0, 1, 'rate');
  const [first, second] = rates.map((rate) => rate * (1 - rate)) as [number, number];
  const inflation = (1 + (samples - 1) * correlation) / samples;
  return Math.sqrt(Math.max(0, (first + second) * inflation - 2 * sharing * correlation * Math.sqrt(first * second)));
}

/** One prompt of a pilot: positives of trials on both sides. */
export interface PilotPrompt {
  readonly first: { readonly positives: number; readonly trials: number };
  readonly second: { readonly positives: number; readonly trials: number };
}

export interface PilotVariance {
  readonly prompts: number;
  readonly rates: readonly [number, number];
  /** Variance between prompts of the observed difference of shares. */
  readonly observed: number;
  /** Part of it that stays with any number of samples a prompt; null where no prompt has two samples on both sides. */
  readonly between: number | null;
  /** Variance within prompts of one sample on each side: with m samples a prompt, variance = between + within / m. */
  readonly within: number | null;
}

/**
 * Splits the variance of a pilot: share (1 - share) / (m - 1) of a prompt estimates the variance of its share without bias, so
 * that what is left over between prompts is theirs. Never below 0. Throws METRIC_INPUT_INVALID for fewer than two prompts.
 */
export function pilotVariance(pilot: readonly PilotPrompt[]): PilotVariance {
  const shares = pilot.map(
    ({ first, second }) => [first.positives / first.trials, second.positives / second.trials] as const,
  );
  requireCount(pilot.length, 2, 'prompts that both sides answered');
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const differences = shares.map(([first, second]) => first - second);
  const centre = mean(differences);
  const observed = differences.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (differences.length - 1);
  const rates = [mean(shares.map(([first]) => first)), mean(shares.map(([, second]) => second))] as const;
  const repeated = pilot.filter(({ first, second }) => first.trials > 1 && second.trials > 1);
  if (repeated.length === 0) return { prompts: pilot.length, rates, observed, between: null, within: null };
  const spread = ({ positives, trials }: PilotPrompt['first']): number =>
    ((positives / trials) * (1 - positives / trials) * trials) / (trials - 1);
  const within = mean(repeated.map(({ first, second }) => spread(first) + spread(second)));
  const ofShares = mean(repeated.map(({ first, second }) => spread(first) / first.trials + spread(second) / second.trials));
  return { prompts: pilot.length, rates, observed, between: Math.max(0, observed - ofShares), within };
}

/** Standard deviation between prompts with `samples` a prompt, as the pilot lets one expect; null where it cannot say. */
export function pilotDeviation({ between, within }: PilotVariance, samples: number): number | null {
  requireCount(samples, 1, 'samples per prompt');
  return between === null || within === null ? null : Math.min(1, Math.sqrt(between + within / samples));
}
