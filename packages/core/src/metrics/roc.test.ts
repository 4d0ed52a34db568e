import { describe, expect, it } from 'vitest';
import { goldens, tolerance } from '../../goldens/metrics/goldens.ts';
import { averagePrecision } from './average-precision.ts';
import { createRandom } from './random.ts';
import { auroc, aurocInterval, rocCurve } from './roc.ts';

const near = (received: number | null, expected: number, limit = tolerance) =>
  expect(Math.abs(received! - expected)).toBeLessThan(limit);

describe.each(goldens.detection)('scores: $name', ({ positives, negatives, ...expected }) => {
  it('have the AUROC of scikit-learn', () => near(auroc(positives, negatives), expected.auroc, 1e-14));
  it('have the average precision of scikit-learn', () =>
    near(averagePrecision(positives, negatives).value, expected.averagePrecision, 1e-13));
  it("have DeLong's variance and interval as computed from all pairs", () => {
    const result = aurocInterval(positives, negatives);
    near(result.variance, expected.delong.variance, 1e-14);
    near(result.low, expected.delong.low);
    near(result.high, expected.delong.high);
  });
});

describe('the ROC curve', () => {
  // Points are kept for the small cases only, to keep the file small.
  it.each(goldens.detection.filter((golden) => golden.roc))(
    'has the points of scikit-learn for $name',
    ({ positives, negatives, roc }) => {
      const curve = rocCurve(positives, negatives)!;
      expect([...curve.falsePositiveRates]).toEqual(roc!.fpr);
      expect([...curve.truePositiveRates]).toEqual(roc!.tpr);
    },
  );
  it('has a point for each distinct score, at the share above it', () => {
    const curve = rocCurve([0.9, 0.5], [0.5, 0.1])!;
    expect([...curve.thresholds]).toEqual([0.9, 0.5, 0.1, -Infinity]);
    expect([...curve.truePositiveRates]).toEqual([0, 0.5, 1, 1]);
    expect([...curve.falsePositiveRates]).toEqual([0, 0, 0.5, 1]);
  });
  it('is a single diagonal step for constant scores', () => {
    const curve = rocCurve([0.3, 0.3], [0.3])!;
    expect([...curve.truePositiveRates]).toEqual([0, 1]);
    expect([...curve.falsePositiveRates]).toEqual([0, 1]);
  });
  it('is null where a class is empty', () => {
    expect(rocCurve([], [1])).toBeNull();
    expect(auroc([1], [])).toBeNull();
    expect(averagePrecision([], [0.1])).toMatchObject({ value: null, baseline: null });
  });
});

describe('the AUROC', () => {
  it.each([
    [[1, 2], [0, 0.5], 1],
    [[0], [1], 0],
    [[0.5, 0.5], [0.5], 0.5],
    [[0, 1], [-0, 0.5], 0.625],
  ])('of %j against %j is %s', (positives, negatives, expected) => {
    expect(auroc(positives, negatives)).toBe(expected);
  });
  it('turns round when the classes are swapped', () => {
    const { positives, negatives } = goldens.detection[1]!;
    expect(auroc(positives, negatives)! + auroc(negatives, positives)!).toBeCloseTo(1, 14);
  });
  it.each([Number.NaN, Infinity])('rejects a score of %s', (score) => {
    for (const call of [
      () => auroc([score], [0]),
      () => aurocInterval([0.1], [score, 1]),
      () => averagePrecision([score], [0]),
      () => rocCurve([1], [score]),
    ])
      expect(call).toThrow(expect.objectContaining({ code: 'METRIC_INPUT_INVALID' }));
  });
  it('handles a million scores', () => {
    const { nextFloat } = createRandom(1);
    const positives = Float64Array.from({ length: 500_000 }, () => Math.sqrt(nextFloat()));
    const negatives = Float64Array.from({ length: 500_000 }, nextFloat);
    // P(√U > V) = E √U = 2/3; the standard error is about 0.0005.
    const result = aurocInterval(positives, negatives);
    near(result.auroc, 2 / 3, 0.003);
    expect(result.high! - result.low!).toBeLessThan(0.003);
    // AP of this pair: ∫ dR R/(R + F) over R = 1 - t², F = 1 - t, that is ∫ 2t (1 + t)/(2 + t) dt = 4 ln 1.5 - 1 in closed form.
    near(averagePrecision(positives, negatives).value, 4 * Math.log(1.5) - 1, 0.003);
  });
});

describe('the interval of the AUROC', () => {
  it.each([
    ['empty-class', [], [1], null],
    ['too-few', [1], [0, 0.5], 1],
    ['no-variation', [3, 4], [1, 2], 1],
    ['no-variation', [1, 1], [1, 1], 0.5],
  ] as const)('is absent with the reason %s', (reason, positives, negatives, area) => {
    expect(aurocInterval(positives, negatives)).toMatchObject({ auroc: area, low: null, high: null, reason });
  });
  it("allows for clusters by Obuchowski's variance", () => {
    const { positives, negatives, positiveClusters, negativeClusters, variance, delongVariance } = goldens.clusteredScores;
    const clusters = { positives: positiveClusters, negatives: negativeClusters };
    near(aurocInterval(positives, negatives, { clusters }).variance, variance, 1e-14);
    const alone = { positives: positives.map((_, i) => `p${i}`), negatives: negatives.map((_, i) => `n${i}`) };
    near(aurocInterval(positives, negatives, { clusters: alone }).variance, delongVariance, 1e-14);
  });
  it('needs two clusters a class and one id a score', () => {
    expect(aurocInterval([1, 2], [0, 3], { clusters: { positives: ['a', 'a'], negatives: ['a', 'b'] } }).reason).toBe(
      'too-few',
    );
    expect(() => aurocInterval([1, 2], [0, 3], { clusters: { positives: ['a'], negatives: ['a', 'b'] } })).toThrow(
      /one length/,
    );
  });
});
