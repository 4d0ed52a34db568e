import { describe, expect, it } from 'vitest';
import { judgeAccuracy } from './judge-accuracy.ts';

const cluster = (truePositives: number, falsePositives: number, falseNegatives: number, trueNegatives: number) => ({
  truePositives,
  falsePositives,
  falseNegatives,
  trueNegatives,
});

describe('a judge against people', () => {
  it('has the shares worked by hand', () => {
    const { sensitivity, specificity, precision, f1, agreement } = judgeAccuracy(
      [cluster(3, 1, 1, 5), cluster(1, 0, 3, 6)],
      { seed: 1 },
    );
    expect([sensitivity, specificity, precision, agreement].map(({ count, total }) => [count, total])).toEqual([
      [4, 8],
      [11, 12],
      [4, 5],
      [15, 20],
    ]);
    // 2 · 0.8 · 0.5 / (0.8 + 0.5).
    expect(f1.value).toBeCloseTo(8 / 13, 14);
    for (const { value, interval } of [sensitivity, agreement]) {
      expect(interval!.low).toBeLessThanOrEqual(value!);
      expect(interval!.high).toBeGreaterThanOrEqual(value!);
    }
  });
  it('is not certain after 20 of 20', () => {
    const { sensitivity } = judgeAccuracy(
      Array.from({ length: 10 }, () => cluster(2, 0, 0, 3)),
      { seed: 1 },
    );
    expect(sensitivity.value).toBe(1);
    // Wilson's over ten prompts: 1 / (1 + z² / 10).
    expect(sensitivity.interval!.low).toBeCloseTo(0.7225, 3);
  });
  it('leaves out what nobody labelled', () => {
    const { sensitivity, specificity, precision } = judgeAccuracy([cluster(0, 0, 0, 4)], { seed: 1 });
    expect([sensitivity.value, specificity.value, precision.value]).toEqual([null, 1, null]);
  });
});
