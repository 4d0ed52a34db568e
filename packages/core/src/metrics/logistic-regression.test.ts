import { describe, expect, it } from 'vitest';
import { goldens } from '../../goldens/metrics/goldens.ts';
import { fitLogisticRegression, sigmoid } from './logistic-regression.ts';
import { solvePositiveDefinite } from './positive-definite.ts';

describe('logistic regression', () => {
  // scikit-learn standardises with the deviation of n, as here; its constant column has weight 0 as ours has.
  it.each(goldens.logistic)(
    'is that of scikit-learn at penalty $penalty',
    ({ penalty, features, labels, intercept, weights, probabilities }) => {
      const model = fitLogisticRegression({ features, labels, penalty });
      expect(Math.abs(model.intercept - intercept)).toBeLessThan(1e-9);
      weights.forEach((weight, index) => {
        expect(Math.abs(model.weights[index]! - weight)).toBeLessThan(1e-9);
      });
      probabilities.forEach((probability, row) => {
        expect(Math.abs(model.predict(features[row]!) - probability)).toBeLessThan(1e-9);
      });
    },
  );
  it('predicts the prevalence when no feature varies, or there is none', () => {
    for (const row of [[3, 3], []]) {
      const model = fitLogisticRegression({ features: [row, row, row, row], labels: [1, 0, 0, 0] });
      expect(model.predict(row)).toBeCloseTo(0.25, 12);
    }
  });
  it('does not change with the units of a feature', () => {
    const { features, labels } = goldens.logistic[0]!;
    const scaled = features.map(([a, b, c, d]) => [a! * 1e6 + 5, b! / 1e4, c!, d!]);
    const [plain, other] = [
      fitLogisticRegression({ features, labels }),
      fitLogisticRegression({ features: scaled, labels }),
    ];
    expect(other.predict(scaled[3]!)).toBeCloseTo(plain.predict(features[3]!), 9);
  });
  it('stays finite on separable and on collinear data, and on a weak penalty', () => {
    const features = Array.from({ length: 40 }, (_, index) => [index, index * 2, -index]);
    const labels = features.map((_, index): 0 | 1 => (index < 20 ? 0 : 1));
    for (const penalty of [1, 1e-6]) {
      const model = fitLogisticRegression({ features, labels, penalty });
      expect(model.predict([0, 0, 0])).toBeLessThan(0.1);
      expect(model.predict([39, 78, -39])).toBeGreaterThan(0.9);
    }
  });
  it.each([
    [
      [[1], [Number.NaN]],
      [0, 1],
    ],
    [
      [[1], [2]],
      [1, 1],
    ],
    [
      [[1], [2, 3]],
      [0, 1],
    ],
    [[[1]], [0, 1]],
    [[], []],
  ] as [number[][], (0 | 1)[]][])('rejects features %j with labels %j', (features, labels) => {
    expect(() => fitLogisticRegression({ features, labels })).toThrow(
      expect.objectContaining({ code: 'METRIC_INPUT_INVALID' }),
    );
  });
  it('rejects a penalty of 0 and a row to predict that does not fit', () => {
    expect(() => fitLogisticRegression({ features: [[0], [1]], labels: [0, 1], penalty: 0 })).toThrow(/above 0/);
    const model = fitLogisticRegression({ features: [[0], [1]], labels: [0, 1] });
    expect(() => model.predict([1, 2])).toThrow(/one length/);
    expect(() => model.predict([Number.NaN])).toThrow(/finite/);
  });
  it('has a sigmoid that saturates without overflow', () => {
    expect([sigmoid(0), sigmoid(800), sigmoid(-800)]).toEqual([0.5, 1, 0]);
  });
});

describe('the solver', () => {
  it('solves a system worked by hand', () => {
    // [[4, 2], [2, 3]] x = [10, 9] has x = [1.5, 2].
    const [first, second] = solvePositiveDefinite(Float64Array.of(4, 2, 2, 3), Float64Array.of(10, 9));
    expect(first).toBeCloseTo(1.5, 14);
    expect(second).toBeCloseTo(2, 14);
  });
  it('refuses a matrix that is not positive definite', () => {
    expect(() => solvePositiveDefinite(Float64Array.of(1, 2, 2, 1), Float64Array.of(1, 1))).toThrow(
      expect.objectContaining({ code: 'INVARIANT_BROKEN' }),
    );
  });
});
