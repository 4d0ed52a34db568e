import { describe, expect, it } from 'vitest';
import { goldens, tolerance } from '../../goldens/metrics/goldens.ts';
import { wilsonInterval } from './proportion.ts';

describe('the Wilson interval', () => {
  it.each(goldens.wilson)(
    'of $successes in $trials at $confidence is that of statsmodels',
    ({ successes, trials, confidence, low, high }) => {
      const interval = wilsonInterval(successes, trials, confidence)!;
      expect(Math.abs(interval.low - low)).toBeLessThan(tolerance);
      expect(Math.abs(interval.high - high)).toBeLessThan(tolerance);
    },
  );
  it('ends exactly at 0 without and at 1 with only successes', () => {
    expect(wilsonInterval(0, 30)!.low).toBe(0);
    expect(wilsonInterval(30, 30)!.high).toBe(1);
  });
  it('is null without trials', () => {
    expect(wilsonInterval(0, 0)).toBeNull();
  });
  it.each([
    [2, 1, 0.95],
    [-1, 5, 0.95],
    [Number.NaN, 5, 0.95],
    [1, Number.NaN, 0.95],
    [1, 5, 0],
    [1, 5, 1],
    [1, Infinity, 0.95],
  ])('rejects %s of %s at %s', (successes, trials, confidence) => {
    expect(() => wilsonInterval(successes, trials, confidence)).toThrow(
      expect.objectContaining({ code: 'METRIC_INPUT_INVALID' }),
    );
  });
});
