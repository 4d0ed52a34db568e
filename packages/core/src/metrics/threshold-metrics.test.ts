import { describe, expect, it } from 'vitest';
import { goldens, tolerance } from '../../goldens/metrics/goldens.ts';
import {
  accuracyAt,
  equalErrorRate,
  shareAbove,
  thresholdAtFalsePositiveRate,
  truePositiveRatesAt,
} from './threshold-metrics.ts';

describe.each(goldens.detection)('scores: $name', ({ positives, negatives, ...expected }) => {
  it('have the accuracies of scikit-learn at 0.5', () => {
    const result = accuracyAt(positives, negatives);
    expect(result.accuracy).toBeCloseTo(expected.accuracy, 12);
    expect(result.balancedAccuracy).toBeCloseTo(expected.balancedAccuracy, 12);
  });
  it('have the equal error rate of the interpolated curve of scikit-learn', () => {
    expect(Math.abs(equalErrorRate(positives, negatives)!.rate - expected.equalErrorRate)).toBeLessThan(tolerance);
  });
  it('have the best TPR that scikit-learn finds at each FPR', () => {
    const points = truePositiveRatesAt(positives, negatives)!;
    points.forEach((point, index) => {
      const { target, truePositiveRate, attained } = expected.fixedFpr[index]!;
      expect(point.target).toBe(target);
      expect(point.truePositiveRate).toBeCloseTo(truePositiveRate, 12);
      // The curve also stops between authentic scores, at the same FPR, so the largest attained is the same.
      expect(point.attained).toBeCloseTo(attained, 12);
      expect(shareAbove(positives, point.threshold)).toBe(point.truePositiveRate);
    });
  });
});

describe('accuracy', () => {
  it('keeps authentic and synthetic images apart', () => {
    expect(accuracyAt([0.9, 0.4, 0.7], [0.1])).toEqual({
      threshold: 0.5,
      accuracy: 3 / 4,
      realAccuracy: 1,
      fakeAccuracy: 2 / 3,
      balancedAccuracy: expect.closeTo(5 / 6, 14),
    });
  });
  it('calls a score of exactly the threshold authentic', () => {
    expect(accuracyAt([0.5], [0.5])).toMatchObject({ realAccuracy: 1, fakeAccuracy: 0 });
  });
  it('is null for an empty class', () => {
    expect(accuracyAt([0.9], [])).toMatchObject({
      accuracy: 1,
      realAccuracy: null,
      fakeAccuracy: 1,
      balancedAccuracy: null,
    });
    expect(accuracyAt([], [])).toMatchObject({ accuracy: null });
  });
});

describe('the equal error rate', () => {
  it.each([
    [[1, 2], [-1, 0], 0],
    [[-1, 0], [1, 2], 1],
    [[0.5, 0.5], [0.5, 0.5, 0.5], 0.5],
    [[0.9, 0.2], [0.1, 0.6], 0.5],
  ])('of %j against %j is %s', (synthetic, authentic, rate) => {
    expect(equalErrorRate(synthetic, authentic)!.rate).toBeCloseTo(rate, 14);
  });
  it('has a finite threshold that separates separable scores', () => {
    expect(equalErrorRate([3, 4], [1, 2])!.threshold).toBe(2);
    expect(equalErrorRate([0.5], [0.5])!.threshold).toBe(0.5);
  });
  it('is null where a class is empty', () => {
    expect(equalErrorRate([], [0.4])).toBeNull();
  });
});

describe('a threshold fixed on authentic images', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index / 100);
  it.each([
    [0, 0.99, 0],
    [0.01, 0.98, 0.01],
    [0.05, 0.94, 0.05],
    [0.29, 0.7, 0.29],
    [0.999, 0, 0.99],
  ])('at %s of a hundred distinct scores is %s', (target, threshold, attained) => {
    expect(thresholdAtFalsePositiveRate(hundred, target)).toEqual({ target, threshold, attained });
  });
  it('lets no tied group through that would exceed the target', () => {
    const tied = [...Array(90).fill(0.1), ...Array(8).fill(0.6), 0.9, 0.9];
    expect(thresholdAtFalsePositiveRate(tied, 0.01)).toMatchObject({ threshold: 0.9, attained: 0 });
    expect(thresholdAtFalsePositiveRate(tied, 0.05)).toMatchObject({ threshold: 0.6, attained: 0.02 });
    expect(thresholdAtFalsePositiveRate(tied, 0.1)).toMatchObject({ threshold: 0.1, attained: 0.1 });
  });
  it('attains 0 with fewer images than the target can resolve', () => {
    expect(thresholdAtFalsePositiveRate([0.2, 0.8], 0.01)).toMatchObject({ threshold: 0.8, attained: 0 });
  });
  it('is the same whatever the synthetic images are', () => {
    const thresholds = [[0.5], hundred, []].map((synthetic) =>
      truePositiveRatesAt(synthetic, hundred)!.map((point) => point.threshold),
    );
    expect(thresholds[1]).toEqual(thresholds[0]);
    expect(thresholds[2]).toEqual(thresholds[0]);
  });
  it('is null without authentic images, and a rate is null without synthetic ones', () => {
    expect(thresholdAtFalsePositiveRate([], 0.1)).toBeNull();
    expect(truePositiveRatesAt([1], [])).toBeNull();
    expect(truePositiveRatesAt([], hundred)![0]!.truePositiveRate).toBeNull();
  });
  it.each([Number.NaN, -0.1, 1, 1.5])('rejects the target %s', (target) => {
    expect(() => thresholdAtFalsePositiveRate(hundred, target)).toThrow(
      expect.objectContaining({ code: 'METRIC_INPUT_INVALID' }),
    );
  });
  it('rejects NaN scores and thresholds everywhere', () => {
    for (const call of [
      () => accuracyAt([Number.NaN], []),
      () => accuracyAt([1], [1], Number.NaN),
      () => equalErrorRate([1], [Number.NaN]),
      () => truePositiveRatesAt([Number.NaN], [1]),
    ])
      expect(call).toThrow(expect.objectContaining({ code: 'METRIC_INPUT_INVALID' }));
  });
});
