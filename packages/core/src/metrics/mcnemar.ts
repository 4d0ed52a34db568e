/** Two detectors (or judges) on the same images, one decision each. */
import { requireCount, requireSameLength } from './inputs.ts';

export interface McNemarResult {
  /** Pairs where only the first, or only the second, is right. Pairs where both agree carry no information. */
  readonly firstOnly: number;
  readonly secondOnly: number;
  /** Two-sided, in (0, 1]. */
  readonly pValue: number;
}

/** Counts the discordant pairs of two aligned lists and tests them. Images of one prompt are clustered: use one image a prompt. */
export function mcnemarTest(first: readonly boolean[], second: readonly boolean[]): McNemarResult {
  requireSameLength({ first: first.length, second: second.length });
  let [firstOnly, secondOnly] = [0, 0];
  first.forEach((value, index) => {
    if (value && !second[index]) firstOnly++;
    if (!value && second[index]) secondOnly++;
  });
  return { firstOnly, secondOnly, pValue: mcnemarExact(firstOnly, secondOnly) };
}

/**
 * Exact McNemar test (McNemar, Psychometrika 12, 1947, with the binomial law in place of chi-square):
 * twice P(X <= min(b, c)) for X ~ Binomial(b + c, 1/2), at most 1. No discordant pairs: 1.
 */
export function mcnemarExact(firstOnly: number, secondOnly: number): number {
  requireCount(firstOnly, 0, 'firstOnly');
  requireCount(secondOnly, 0, 'secondOnly');
  const trials = firstOnly + secondOnly;
  const fewer = Math.min(firstOnly, secondOnly);
  // Terms fall as the count falls, so sum down from the largest; in logs, since 2^-trials underflows beyond 1,074 trials.
  let relative = 1;
  let sum = 1;
  for (let count = fewer; count > 0 && relative > sum * 1e-18; count--) {
    relative *= count / (trials - count + 1);
    sum += relative;
  }
  return Math.min(1, 2 * Math.exp(logChoose(trials, fewer) - trials * Math.LN2 + Math.log(sum)));
}

/** ln of n over k as Σ ln((n - i) / (i + 1)), with Neumaier's compensation: a plain sum of 10^5 logarithms loses five digits. */
function logChoose(n: number, k: number): number {
  let sum = 0;
  let lost = 0;
  for (let i = 0; i < k; i++) {
    const term = Math.log((n - i) / (i + 1));
    const next = sum + term;
    lost += Math.abs(sum) >= Math.abs(term) ? sum - next + term : term - next + sum;
    sum = next;
  }
  return sum + lost;
}
