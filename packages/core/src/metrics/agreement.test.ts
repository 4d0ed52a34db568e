import { describe, expect, it } from 'vitest';
import { goldens } from '../../goldens/metrics/goldens.ts';
import { cohenKappa, fleissKappa, krippendorffAlpha } from './agreement.ts';

describe('agreement', () => {
  it.each(goldens.agreement.cohen)("has the Cohen's kappa of scikit-learn ($kappa)", ({ first, second, kappa }) => {
    expect(cohenKappa(first, second).coefficient).toBeCloseTo(kappa, 12);
  });
  it("has the Fleiss' kappa of statsmodels", () => {
    const { labels, kappa } = goldens.agreement.fleiss;
    expect(fleissKappa(labels).coefficient).toBeCloseTo(kappa, 12);
  });
  it.each(goldens.agreement.krippendorff)("has Krippendorff's alpha with missing labels ($alpha)", ({ labels, alpha }) => {
    expect(krippendorffAlpha(labels).coefficient).toBeCloseTo(alpha, 12);
  });
  it('gives raw agreement and prevalence beside a coefficient worked by hand', () => {
    const result = cohenKappa(['yes', 'yes', 'no', 'no'], ['yes', 'no', 'no', 'no']);
    // Observed 3/4; expected 1/2 × 1/4 + 1/2 × 3/4 = 1/2.
    expect(result).toEqual({
      coefficient: 0.5,
      reason: null,
      rawAgreement: 0.75,
      prevalence: { no: 5 / 8, yes: 3 / 8 },
      items: 4,
    });
  });
  it('falls at a rare category though judges nearly always agree', () => {
    const first = Array.from({ length: 100 }, (_, index) => (index < 2 ? 'unsafe' : 'safe'));
    const second = Array.from({ length: 100 }, (_, index) => (index < 1 || index === 50 ? 'unsafe' : 'safe'));
    const { coefficient, rawAgreement } = cohenKappa(first, second);
    expect(rawAgreement).toBe(0.98);
    expect(coefficient).toBeLessThan(0.5);
  });
  it('has no coefficient where one category is all there is', () => {
    for (const result of [cohenKappa(['a', 'a'], ['a', 'a']), fleissKappa([['a', 'a']]), krippendorffAlpha([['a', 'a']])])
      expect(result).toMatchObject({ coefficient: null, reason: 'one-category', rawAgreement: 1 });
  });
  it('has no coefficient without items', () => {
    for (const result of [
      cohenKappa([], []),
      fleissKappa([]),
      krippendorffAlpha([
        ['a', null],
        [null, 'b'],
      ]),
    ])
      expect(result).toEqual({ coefficient: null, reason: 'no-items', rawAgreement: null, prevalence: {}, items: 0 });
  });
  it('is 0 when two judges use one category each and different ones', () => {
    expect(cohenKappa(['a', 'a'], ['b', 'b']).coefficient).toBe(0);
  });
  it('rejects lists of unequal length, and items that lack a judge for Fleiss', () => {
    expect(() => cohenKappa(['a'], [])).toThrow(expect.objectContaining({ code: 'METRIC_INPUT_INVALID' }));
    expect(() => fleissKappa([['a', 'b'], ['a']])).toThrow(/Krippendorff/);
    expect(() => fleissKappa([['a']])).toThrow(/two or more/);
  });
});
