import { describe, expect, it } from 'vitest';
import { goldens, tolerance } from '../../goldens/metrics/goldens.ts';
import { cohenH, pairedDifference } from './paired-difference.ts';
import { createRandom, deriveSeed } from './random.ts';
import { signFlipTest } from './sign-flip.ts';

const options = { seed: 4, resamples: 500 };
const tally = (promptId: string, positives: number, trials = 10) => ({ promptId, positives, trials });

describe('the sign-flip test', () => {
  it.each(goldens.signFlip.cases)('is that of scipy when exact', ({ differences, pValue }) => {
    expect(signFlipTest(differences, { seed: 1 })).toMatchObject({ pValue, method: 'exact' });
  });
  it('leaves zeros out of the count of patterns, as they change no sum', () => {
    expect(signFlipTest([0.5, 0, 0, 0.5], { seed: 1 })).toEqual({ pValue: 0.5, method: 'exact', patterns: 4 });
    expect(signFlipTest([0, 0], { seed: 1 })).toEqual({ pValue: 1, method: 'exact', patterns: 1 });
  });
  it('counts ties of fractions whose sums round differently', () => {
    expect(signFlipTest([0.1, 0.2, 0.3], { seed: 1 }).pValue).toBe(2 / 8);
  });
  it('counts what looking at every pattern counts', () => {
    const { nextBelow } = createRandom(6);
    for (let length = 1; length <= 11; length++) {
      const differences = Array.from({ length }, () => (1 + nextBelow(9)) / (nextBelow(2) === 0 ? 10 : -7));
      const sums = Array.from({ length: 2 ** length }, (_, pattern) =>
        differences.reduce((sum, value, index) => sum + ((pattern >> index) & 1 ? value : -value), 0),
      );
      const observed = Math.abs(differences.reduce((sum, value) => sum + value, 0));
      const hits = sums.filter((sum) => Math.abs(sum) >= observed - 1e-9).length;
      expect(signFlipTest(differences, { seed: 1 }).pValue).toBe(hits / 2 ** length);
    }
  });
  it('comes near the exact value by random patterns, and never to 0', () => {
    const differences = Array.from({ length: 21 }, (_, index) => (index < 14 ? 1 : -1));
    const { pValue, method } = signFlipTest(differences, { seed: 2 });
    expect(method).toBe('monte-carlo');
    // Binomial(21, 1/2): P(X <= 7 or X >= 14) = 0.18925; 0.0156 is four standard errors of 9,999 draws.
    expect(Math.abs(pValue - 0.18925)).toBeLessThan(0.0156);
    expect(signFlipTest(new Float64Array(40).fill(1), { seed: 2 }).pValue).toBe(1 / 10_000);
  });
  it('keeps its level without a difference', () => {
    let rejected = 0;
    for (let simulation = 0; simulation < 400; simulation++) {
      const { nextFloat } = createRandom(deriveSeed('level', simulation));
      const differences = Array.from({ length: 30 }, () => nextFloat() - nextFloat());
      if (signFlipTest(differences, { seed: simulation, rounds: 199 }).pValue <= 0.05) rejected++;
    }
    // 5 % of 400 is 20, three standard deviations are 13.
    expect(rejected).toBeGreaterThan(6);
    expect(rejected).toBeLessThan(34);
  });
});

describe('the paired difference', () => {
  it('averages per-prompt differences over shared prompts and counts the others', () => {
    const first = [tally('a', 5), tally('b', 2), tally('c', 8), tally('only first', 9), tally('empty', 0, 0)];
    const second = [tally('c', 2), tally('a', 3), tally('b', 2, 20), tally('only second', 1), tally('empty', 1)];
    const result = pairedDifference(first, second, options);
    expect(result).toMatchObject({ sharedPrompts: 3, firstOnlyPrompts: 1, secondOnlyPrompts: 2 });
    expect(result.difference.estimate).toBeCloseTo((0.2 + 0.1 + 0.6) / 3, 12);
    expect(result.firstRate).toBeCloseTo(0.5, 12);
    expect(result.secondRate).toBeCloseTo(0.2, 12);
    expect(result.test!.pValue).toBe(0.25);
    expect(result.cohenH).toBeCloseTo(2 * Math.asin(Math.sqrt(0.5)) - 2 * Math.asin(Math.sqrt(0.2)), 12);
    // Differences 0.2, 0.1, 0.6: mean 0.3, variance 0.07.
    expect(result.cohenDz).toBeCloseTo(0.3 / Math.sqrt(0.07), 12);
  });
  it('sums several generators of a side', () => {
    const result = pairedDifference([tally('a', 4), tally('a', 8), tally('b', 1)], [tally('a', 1), tally('b', 1)], options);
    expect(result.difference.estimate).toBeCloseTo((0.6 - 0.1) / 2, 12);
  });
  it('changes sign when the sides are swapped', () => {
    const [a, b] = [
      [tally('p', 3), tally('q', 9), tally('r', 4)],
      [tally('p', 1), tally('q', 2), tally('r', 5)],
    ];
    const [forward, backward] = [pairedDifference(a, b, options), pairedDifference(b, a, options)];
    expect(forward.difference.estimate).toBeCloseTo(-backward.difference.estimate!, 12);
    expect(forward.test!.pValue).toBe(backward.test!.pValue);
  });
  it('is null with a reason where no prompt is shared', () => {
    expect(pairedDifference([tally('a', 1)], [tally('b', 1)], options)).toMatchObject({
      difference: { estimate: null, reason: 'no-clusters' },
      test: null,
      cohenH: null,
      cohenDz: null,
    });
  });
  it('has no d_z when every prompt differs alike', () => {
    const result = pairedDifference([tally('a', 3), tally('b', 5)], [tally('a', 1), tally('b', 3)], options);
    expect(result).toMatchObject({ cohenDz: null, difference: { low: null, reason: 'no-variation' } });
  });
  it('rejects counts that are no counts', () => {
    expect(() => pairedDifference([tally('a', 11)], [tally('a', 1)], options)).toThrow(
      expect.objectContaining({ code: 'METRIC_INPUT_INVALID' }),
    );
    expect(() => pairedDifference([tally('a', Number.NaN)], [tally('a', 1)], options)).toThrow(/NaN of 10/);
  });
  it.each(goldens.signFlip.cohenH)("has the Cohen's h of statsmodels for %s and %s", (first, second, h) => {
    expect(Math.abs(cohenH(first, second) - h)).toBeLessThan(tolerance);
  });
});

describe('the interval where few prompts differ', () => {
  const tallies = (positives: readonly number[], trials = 1) =>
    positives.map((count, prompt) => ({ promptId: `p${prompt}`, positives: count, trials }));
  const zeros = Array.from({ length: 20 }, () => 0);

  it('is that of Bonett and Price for one sample a prompt and side', () => {
    const three = zeros.map((_, prompt) => (prompt < 3 ? 1 : 0));
    const { difference } = pairedDifference(tallies(three), tallies(zeros), { seed: 1 });
    // (3 + 1) / 22 and (0 + 1) / 22 of the prompts differ either way.
    const error = Math.sqrt((5 / 22 - (3 / 22) ** 2) / 22);
    expect(difference.estimate).toBe(0.15);
    expect(difference.low).toBeCloseTo(3 / 22 - 1.959963984540054 * error, 12);
    expect(difference.high).toBeCloseTo(3 / 22 + 1.959963984540054 * error, 12);
  });

  it('holds the truth where the percentile interval would not', () => {
    const random = createRandom(5);
    const draw = (rate: number): number[] => zeros.map(() => (random.nextFloat() < rate ? 1 : 0));
    let [held, rounds] = [0, 0];
    for (let round = 0; round < 400; round++) {
      const { difference } = pairedDifference(tallies(draw(0.04)), tallies(draw(0.02)), { seed: round, resamples: 100 });
      if (difference.low === null) continue;
      rounds++;
      if (difference.low <= 0.02 && 0.02 <= difference.high!) held++;
    }
    expect(rounds).toBeGreaterThan(200);
    expect(held / rounds).toBeGreaterThan(0.95);
  });

  it('gives way to the bootstrap from ten prompts that differ, and says nothing where none does or all do alike', () => {
    const of = (count: number) => zeros.map((_, prompt) => (prompt < count ? 1 : 0));
    const differing = (count: number) => pairedDifference(tallies(of(count)), tallies(zeros), { seed: 1 }).difference;
    expect(differing(9).resamples).toBe(0);
    expect(differing(10).resamples).toBe(2000);
    expect(differing(0)).toMatchObject({ low: null, reason: 'no-variation' });
    expect(pairedDifference(tallies([1, 1, 1]), tallies([0, 0, 0]), { seed: 1 }).difference.reason).toBe('no-variation');
  });
});
