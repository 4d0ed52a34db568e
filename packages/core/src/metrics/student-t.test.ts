import { describe, expect, it } from 'vitest';
import { studentCentre, twoSidedT } from './student-t.ts';

/** SciPy 1.x: `stats.t.ppf(0.975, df)` and `1 - 2 * stats.t.sf(2, df)`. */
const reference = [
  [1, 12.706204736174694, 0.7048327646991335],
  [2, 4.302652729749462, 0.816496580927726],
  [3, 3.1824463052837078, 0.8606740314411572],
  [9, 2.262157162798205, 0.923447176229299],
  [10, 2.228138851986274, 0.9266119652292596],
  [47, 2.0117405137297655, 0.9487022719702941],
  [1000, 1.9623390808264083, 0.9542296535067484],
] as const;

describe("Student's t", () => {
  it.each(reference)('agrees with SciPy at %s degrees', (degrees, quantile, centre) => {
    expect(twoSidedT(0.95, degrees)).toBeCloseTo(quantile, 9);
    expect(studentCentre(2, degrees)).toBeCloseTo(centre, 9);
    expect(studentCentre(-2, degrees)).toBe(studentCentre(2, degrees));
    expect(studentCentre(0, degrees)).toBe(0);
  });

  it('goes over into the normal distribution without a step to speak of', () => {
    expect(twoSidedT(0.95, 1001)).toBeCloseTo(twoSidedT(0.95, 1000), 2);
    expect(studentCentre(2, 1001)).toBeCloseTo(studentCentre(2, 1000), 3);
  });

  it('refuses degrees below one', () => {
    expect(() => twoSidedT(0.95, 0)).toThrow('degrees of freedom');
    expect(() => studentCentre(1, 0.5)).toThrow('degrees of freedom');
  });
});
