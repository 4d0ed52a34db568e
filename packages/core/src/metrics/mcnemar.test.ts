import { describe, expect, it } from 'vitest';
import { goldens } from '../../goldens/metrics/goldens.ts';
import { mcnemarExact, mcnemarTest } from './mcnemar.ts';

describe('the exact McNemar test', () => {
  // Relative 1e-9: the smallest expected value is about 1e-1400 in exact terms, which both sides round to 0.
  it.each(goldens.mcnemar)('is that of statsmodels for $first and $second', ({ first, second, pValue }) => {
    expect(Math.abs(mcnemarExact(first, second) - pValue)).toBeLessThanOrEqual(1e-9 * pValue);
  });
  it('counts pairs where one side alone is right', () => {
    const first = [true, true, true, false, false];
    const second = [true, false, false, true, false];
    expect(mcnemarTest(first, second)).toEqual({ firstOnly: 2, secondOnly: 1, pValue: expect.closeTo(1, 14) });
  });
  it('is 1 without discordant pairs, also for no pairs', () => {
    expect(mcnemarTest([], []).pValue).toBe(1);
    expect(mcnemarExact(0, 0)).toBe(1);
  });
  it('is twice 2^-n when all discordant pairs point one way', () => {
    expect(mcnemarExact(0, 6)).toBeCloseTo(2 / 64, 15);
  });
  it('handles a million discordant pairs', () => {
    const pValue = mcnemarExact(500_500, 499_500);
    // Normal approximation with continuity correction: 2 Φ(-(1000 - 1) / 1000) = 0.31779.
    expect(pValue).toBeCloseTo(0.31779, 4);
  });
  it('rejects lists of unequal length and counts that are none', () => {
    expect(() => mcnemarTest([true], [])).toThrow(expect.objectContaining({ code: 'METRIC_INPUT_INVALID' }));
    expect(() => mcnemarExact(0.5, 1)).toThrow(/whole number/);
    expect(() => mcnemarExact(Number.NaN, 1)).toThrow(/whole number/);
  });
});
