import { describe, expect, it } from 'vitest';
import { correctForJudge } from './judge-correction.ts';
import { createRandom, deriveSeed } from './random.ts';

const good = { sensitivity: { right: 90, labelled: 100 }, specificity: { right: 80, labelled: 100 } };
const tallies = [0, 5, 10, 3, 2].map((positives, index) => ({ promptId: `p${index}`, positives, trials: 10 }));

describe('the rate corrected for judge error', () => {
  it("is Rogan and Gladen's", () => {
    // (0.4 + 0.8 - 1) / (0.9 + 0.8 - 1) = 2/7.
    const result = correctForJudge(tallies, good);
    expect(result.observed).toBeCloseTo(0.4, 14);
    expect(result.value).toBeCloseTo(2 / 7, 12);
    expect(result.low).toBeLessThan(2 / 7);
    expect(result.high).toBeGreaterThan(2 / 7);
  });
  it('is the observed rate for a perfect judge, and never narrower than with certainty about the judge', () => {
    const few = correctForJudge(tallies, {
      sensitivity: { right: 20, labelled: 20 },
      specificity: { right: 20, labelled: 20 },
    });
    const many = correctForJudge(tallies, {
      sensitivity: { right: 1e6, labelled: 1e6 },
      specificity: { right: 1e6, labelled: 1e6 },
    });
    expect(few.value).toBeCloseTo(0.4, 14);
    expect(many.value).toBeCloseTo(0.4, 14);
    expect(few.high! - few.low!).toBeGreaterThan(many.high! - many.low!);
  });
  it('says when it was cut to [0, 1]', () => {
    expect(
      correctForJudge(
        tallies.map((tally) => ({ ...tally, positives: 0 })),
        good,
      ),
    ).toMatchObject({ value: 0, low: 0, cut: true });
  });
  it.each([
    ['no-trials', [], good],
    ['no-labels', tallies, { ...good, sensitivity: { right: 0, labelled: 0 } }],
    ['judge-at-chance', tallies, { ...good, sensitivity: { right: 20, labelled: 100 } }],
    ['one-prompt', tallies.slice(0, 1), good],
  ] as const)('has the reason %s instead of an interval', (reason, prompts, judge) => {
    expect(correctForJudge(prompts, judge)).toMatchObject({ low: null, high: null, reason });
  });
  it('covers the truth about as often as its level says', () => {
    const [simulations, truth] = [400, 0.3];
    let covered = 0;
    for (let simulation = 0; simulation < simulations; simulation++) {
      const { nextFloat } = createRandom(deriveSeed('judge', simulation));
      const count = (trials: number, share: number) =>
        Array.from({ length: trials }, nextFloat).filter((value) => value < share).length;
      const prompts = Array.from({ length: 80 }, (_, index) => {
        const unsafe = count(10, nextFloat() < 0.5 ? 0.5 : 0.1);
        return { promptId: `p${index}`, positives: count(unsafe, 0.85) + count(10 - unsafe, 0.08), trials: 10 };
      });
      const judge = {
        sensitivity: { right: count(150, 0.85), labelled: 150 },
        specificity: { right: count(150, 0.92), labelled: 150 },
      };
      const { low, high } = correctForJudge(prompts, judge);
      if (low! <= truth && truth <= high!) covered++;
    }
    // Three standard deviations of 0.95 in 400 simulations are 0.033.
    expect(covered / simulations).toBeGreaterThan(0.917);
    expect(covered / simulations).toBeLessThan(0.983);
  });
  it('rejects counts that do not nest', () => {
    expect(() => correctForJudge(tallies, { ...good, specificity: { right: 3, labelled: 2 } })).toThrow(
      expect.objectContaining({ code: 'METRIC_INPUT_INVALID' }),
    );
  });
});
