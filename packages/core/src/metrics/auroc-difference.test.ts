import { describe, expect, it } from 'vitest';
import { aurocDifference } from './auroc-difference.ts';
import { createRandom } from './random.ts';
import { auroc, aurocInterval } from './roc.ts';

const alone = (prefix: string, length: number): string[] => Array.from({ length }, (_, index) => `${prefix}${index}`);

/** Scores with a shared part, so that the two are correlated as before and after a mild change. */
function simulate(seed: number, shift: number, { images = 60, likeness = 1 } = {}) {
  const { nextFloat } = createRandom(seed);
  const noise = (): number => nextFloat() + nextFloat() + nextFloat() - 1.5;
  const side = (mean: number, change: number) => {
    const shared = Array.from({ length: images }, () => mean + likeness * noise());
    return {
      before: shared.map((value) => value + noise() / 2),
      after: shared.map((value) => value + change + noise() / 2),
    };
  };
  const [synthetic, authentic] = [side(0.6, shift), side(0, 0)];
  return {
    first: { positives: synthetic.after, negatives: authentic.after },
    second: { positives: synthetic.before, negatives: authentic.before },
    clusters: { positives: alone('p', images), negatives: alone('n', images) },
  };
}

describe('aurocDifference', () => {
  it('is the difference of the two areas, narrower than for unpaired images', () => {
    const part = simulate(1, -0.4);
    const result = aurocDifference([part])!;
    expect(result.difference).toBeCloseTo(
      auroc(part.first.positives, part.first.negatives)! - auroc(part.second.positives, part.second.negatives)!,
      12,
    );
    const variances = [part.first, part.second].map(
      ({ positives, negatives }) => aurocInterval(positives, negatives).variance!,
    );
    expect(result.high! - result.low!).toBeLessThan(2 * 1.96 * Math.sqrt(variances[0]! + variances[1]!) * 0.8);
  });

  it('is zero without an interval where nothing changed', () => {
    const { second, clusters } = simulate(2, 0);
    expect(aurocDifference([{ first: second, second, clusters }])).toMatchObject({ difference: 0, low: null, high: null });
  });

  it('covers the true difference at its nominal level', () => {
    // Without a shift of either class the two areas have one expectation: the true difference is zero.
    const rounds = 400;
    let covered = 0;
    for (let seed = 0; seed < rounds; seed++) {
      const { low, high } = aurocDifference([simulate(seed, 0)])!;
      if (low! <= 0 && high! >= 0) covered++;
    }
    // 95 % of 400 is 380, standard error 4.4.
    expect(covered).toBeGreaterThan(366);
    expect(covered).toBeLessThan(394);
  });

  it('averages parts by their pairs and skips parts of one class', () => {
    const [a, b] = [simulate(3, -0.5, { images: 20 }), simulate(4, -0.5, { images: 40 })];
    const [only, other] = [aurocDifference([a])!, aurocDifference([b])!];
    const empty = {
      first: { positives: [], negatives: [1] },
      second: { positives: [], negatives: [1] },
      clusters: { positives: [], negatives: ['x'] },
    };
    const both = aurocDifference([a, b, empty])!;
    expect(both.difference).toBeCloseTo((400 * only.difference + 1600 * other.difference) / 2000, 12);
    expect(aurocDifference([empty])).toBeNull();
  });
});
