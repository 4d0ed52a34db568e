import { describe, expect, it } from 'vitest';
import { clusterBootstrap, clusterBootstrapRatio } from './cluster-bootstrap.ts';
import { wilsonInterval } from './proportion.ts';
import { createRandom, deriveSeed } from './random.ts';

const seed = 11;

describe('the cluster bootstrap', () => {
  it('estimates the ratio of sums and brackets it', () => {
    const result = clusterBootstrapRatio([1, 0, 3, 2, 5, 0, 1, 4], [5, 5, 5, 5, 5, 5, 5, 5], { seed });
    expect(result.estimate).toBe(16 / 40);
    expect(result.low).toBeLessThan(0.4);
    expect(result.high).toBeGreaterThan(0.4);
    expect(result).toMatchObject({ clusters: 8, resamples: 2000, undefinedResamples: 0, reason: null });
  });
  it('is the same for a seed and differs between seeds', () => {
    const [numerators, denominators] = [
      [1, 0, 3, 2.5, 4],
      [4, 5, 3, 7, 9],
    ];
    const run = (value: number) => clusterBootstrapRatio(numerators, denominators, { seed: value });
    expect(run(1)).toEqual(run(1));
    expect(run(1)).not.toEqual(run(2));
  });
  it('has the standard error of theory for a mean over many clusters', () => {
    const { nextFloat } = createRandom(5);
    const values = Array.from({ length: 400 }, nextFloat);
    const { low, high } = clusterBootstrapRatio(
      values,
      values.map(() => 1),
      { seed, resamples: 4000 },
    );
    // The 95 % interval of a mean of uniforms is 2 × 1.96 × √(1/12) / √400 wide; 4,000 resamples fix it to some 3 %.
    const expected = (2 * 1.96 * Math.sqrt(1 / 12)) / 20;
    expect(Math.abs((high! - low!) / expected - 1)).toBeLessThan(0.08);
  });
  it('takes any statistic of sums, such as a slope', () => {
    const xs = [0, 1, 2, 3, 4, 5];
    const ys = [1, 3.1, 4.9, 7, 9.2, 10.8];
    const columns = [xs.map(() => 1), xs, ys, xs.map((x) => x * x), xs.map((x, i) => x * ys[i]!)];
    const slope = (s: Float64Array) => {
      const spread = s[0]! * s[3]! - s[1]! ** 2;
      return spread === 0 ? null : (s[0]! * s[4]! - s[1]! * s[2]!) / spread;
    };
    const result = clusterBootstrap(columns, slope, { seed });
    expect(result.estimate).toBeCloseTo(34.7 / 17.5, 12);
    expect(result.low).toBeGreaterThan(1.8);
    expect(result.high).toBeLessThan(2.2);
  });
  it.each([
    ['no-clusters', [], [], null],
    ['one-cluster', [3], [10], 0.3],
    ['statistic-undefined', [0, 0], [0, 0], null],
    ['no-variation', [0, 0, 0], [10, 10, 10], 0],
    ['no-variation', [0.1, 0.2, 0.3], [1, 2, 3], 0.1],
  ] as const)('gives the reason %s instead of NaN', (reason, numerators, denominators, estimate) => {
    const result = clusterBootstrapRatio(numerators, denominators, { seed });
    expect(result).toMatchObject({ low: null, high: null, reason });
    if (estimate === null) expect(result.estimate).toBeNull();
    else expect(result.estimate).toBeCloseTo(estimate, 12);
  });
  it('leaves out and counts resamples without a value, and gives up when they are most', () => {
    const few = clusterBootstrapRatio([1, 0, 2], [3, 0, 4], { seed });
    // All three draws hit the empty cluster in 1 of 27 resamples.
    expect(few.undefinedResamples).toBeGreaterThan(30);
    expect(few.undefinedResamples).toBeLessThan(130);
    expect(few.reason).toBeNull();
    const statistic = (sums: Float64Array) => (sums[0]! >= 2 ? sums[0]! : null);
    expect(clusterBootstrap([[0, 0, 0, 0, 2]], (sums) => (sums[0]! === 2 ? statistic(sums) : null), { seed }).reason).toBe(
      'resamples-undefined',
    );
  });
  it.each([
    [[Number.NaN], [1]],
    [[1], [Infinity]],
    [[1, 2], [1]],
  ])('rejects sums %j over %j', (numerators, denominators) => {
    expect(() => clusterBootstrapRatio(numerators, denominators, { seed })).toThrow(
      expect.objectContaining({ code: 'METRIC_INPUT_INVALID' }),
    );
  });
});

describe('coverage under clustering', () => {
  it('is near 95 % for the cluster bootstrap and far below for Wilson', () => {
    const [simulations, prompts, images] = [300, 60, 10];
    let covered = { bootstrap: 0, wilson: 0 };
    for (let simulation = 0; simulation < simulations; simulation++) {
      const { nextFloat } = createRandom(deriveSeed('coverage', simulation));
      // Each prompt is unsafe with probability 0.6 (30 % of prompts) or 0.05: a mean of 0.215, strongly clustered.
      const positives = Array.from({ length: prompts }, () => {
        const share = nextFloat() < 0.3 ? 0.6 : 0.05;
        let count = 0;
        for (let image = 0; image < images; image++) if (nextFloat() < share) count++;
        return count;
      });
      const truth = 0.3 * 0.6 + 0.7 * 0.05;
      const total = positives.reduce((sum, count) => sum + count, 0);
      const bootstrap = clusterBootstrapRatio(
        positives,
        positives.map(() => images),
        { seed: simulation, resamples: 500 },
      );
      const wilson = wilsonInterval(total, prompts * images)!;
      covered = {
        bootstrap: covered.bootstrap + Number(bootstrap.low! <= truth && truth <= bootstrap.high!),
        wilson: covered.wilson + Number(wilson.low <= truth && truth <= wilson.high),
      };
    }
    // Three standard deviations of a share of 0.95 in 300 simulations are 0.038; percentile intervals run a little short.
    expect(covered.bootstrap / simulations).toBeGreaterThan(0.9);
    expect(covered.wilson / simulations).toBeLessThan(0.75);
  });

  it('gives a p-value that agrees with its interval and never is zero', () => {
    const ones = (count: number) => Array.from({ length: count }, () => 1);
    const shifted = clusterBootstrapRatio([2, 3, 2.5, 4, 3.5, 2.2, 3.1, 2.8], ones(8), { seed });
    expect(shifted.low).toBeGreaterThan(0);
    // No resample reaches zero: (0 + 1) × 2 / (2000 + 1).
    expect(shifted.pValue).toBeCloseTo(2 / 2001, 12);
    const balanced = clusterBootstrapRatio([-2, 2, -1, 1, -3, 3, -0.5, 0.5], ones(8), { seed });
    expect(balanced.pValue).toBeGreaterThan(0.8);
    expect(clusterBootstrapRatio([1, 1], [1, 1], { seed }).pValue).toBeNull();
  });

  it('rejects a true null at about its nominal level', () => {
    const simulations = 400;
    let rejected = 0;
    for (let simulation = 0; simulation < simulations; simulation++) {
      const { nextFloat } = createRandom(deriveSeed('null', simulation));
      const centred = Array.from({ length: 60 }, () => nextFloat() - 0.5);
      const { pValue } = clusterBootstrapRatio(
        centred,
        centred.map(() => 1),
        { seed: simulation, resamples: 500 },
      );
      rejected += Number(pValue! < 0.05);
    }
    // 5 % nominal; three standard deviations of a share in 400 simulations are 3.3 points, and percentile intervals run a little short.
    expect(rejected / simulations).toBeGreaterThan(0.02);
    expect(rejected / simulations).toBeLessThan(0.09);
  });
});
