import { describe, expect, it } from 'vitest';
import { goldens } from '../../goldens/metrics/goldens.ts';
import { normalCdf, normalQuantile, twoSidedZ } from './normal.ts';

describe('the normal law', () => {
  it.each(goldens.normal.cdf)('has the cdf of scipy at %s', (z, expected) => {
    expect(Math.abs(normalCdf(z) / expected - 1)).toBeLessThan(1e-12);
  });
  it.each(goldens.normal.quantile)('has the quantile of scipy at %s', (probability, expected) => {
    expect(Math.abs(normalQuantile(probability) - expected)).toBeLessThan(1e-12 * Math.max(1, Math.abs(expected)));
  });
  it('gives 1.96 for a 95 % interval', () => {
    expect(twoSidedZ(0.95)).toBeCloseTo(1.959963984540054, 12);
  });
  it.each([0, 1, -0.1, Number.NaN])('has no quantile at %s', (probability) => {
    expect(() => normalQuantile(probability)).toThrow(expect.objectContaining({ code: 'METRIC_INPUT_INVALID' }));
  });
});
