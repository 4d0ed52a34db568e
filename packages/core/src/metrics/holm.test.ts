import { describe, expect, it } from 'vitest';
import { goldens } from '../../goldens/metrics/goldens.ts';
import { holmAdjust } from './holm.ts';

describe("Holm's correction", () => {
  it.each(goldens.holm)('is that of statsmodels for $pValues', ({ pValues, adjusted }) => {
    holmAdjust(pValues).forEach((value, index) => {
      expect(Math.abs(value - adjusted[index]!)).toBeLessThan(1e-14);
    });
  });
  it('multiplies the smallest by the number of tests and never lets order turn round', () => {
    expect(holmAdjust([0.03, 0.01, 0.02])).toEqual([0.04, 0.03, 0.04]);
  });
  it('is empty for no tests', () => {
    expect(holmAdjust([])).toEqual([]);
  });
  it.each([Number.NaN, -0.1, 1.1])('rejects %s', (p) => {
    expect(() => holmAdjust([0.1, p])).toThrow(expect.objectContaining({ code: 'METRIC_INPUT_INVALID' }));
  });
});
