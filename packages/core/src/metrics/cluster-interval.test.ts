import { describe, expect, it } from 'vitest';
import { clusterBootstrap, ratioOfSums, type SumStatistic } from './cluster-bootstrap.ts';
import { clusterInterval, mostResampledClusters } from './cluster-interval.ts';
import { createRandom, type Random } from './random.ts';
import { signFlipTest } from './sign-flip.ts';

const clusters = mostResampledClusters + 1;
const noise = (random: Random): number => random.nextFloat() + random.nextFloat() + random.nextFloat() - 1.5;

/** Counts of up to ten trials a cluster, each with a rate of its own. */
function counts(mean: number, seed: number): number[][] {
  const random = createRandom(seed);
  const rows = Array.from({ length: clusters }, () => {
    const rate = random.nextFloat() < 0.5 ? 0.2 * mean : 1.8 * mean;
    const trials = 1 + random.nextBelow(10);
    return [Array.from({ length: trials }, () => random.nextFloat() < rate).filter(Boolean).length, trials] as const;
  });
  return [rows.map(([positives]) => positives), rows.map(([, trials]) => trials)];
}

/** Sums of 1, x, y, x², xy over five points a cluster with a slope of its own. */
function lines(seed: number): number[][] {
  const random = createRandom(seed);
  const rows = Array.from({ length: clusters }, () => {
    const slope = 0.1 * noise(random);
    const points = Array.from({ length: 5 }, (_, x) => ({ x, y: slope * x + noise(random) }));
    const sum = (value: (point: { x: number; y: number }) => number) => points.reduce((all, point) => all + value(point), 0);
    return [5, sum(({ x }) => x), sum(({ y }) => y), sum(({ x }) => x * x), sum(({ x, y }) => x * y)];
  });
  return [0, 1, 2, 3, 4].map((column) => rows.map((row) => row[column]!));
}
const slopeOf: SumStatistic = ([n, x, y, xx, xy]) => (n! * xy! - x! * y!) / (n! * xx! - x! * x!);
const differenceOf: SumStatistic = ([a, m, b, n]) => a! / m! - b! / n!;

describe('clusterInterval', () => {
  it.each([
    ['a share of 0.3', counts(0.3, 1), ratioOfSums],
    ['a share of 0.02', counts(0.02, 2), ratioOfSums],
    ['a difference of shares', [...counts(0.4, 3), ...counts(0.38, 4)], differenceOf],
    ['a slope', lines(5), slopeOf],
  ])('above 1,000 clusters agrees with the bootstrap to a tenth of its width: %s', (_, columns, statistic) => {
    const linearised = clusterInterval(columns, statistic, { seed: 1 });
    const resampled = clusterBootstrap(columns, statistic, { seed: 1, resamples: 4000 });
    const width = resampled.high! - resampled.low!;
    expect(linearised.resamples).toBe(0);
    expect(linearised.estimate).toBe(resampled.estimate);
    // Percentile ends of 4,000 resamples have a standard error of about 1.5 % of the width; skewness of rare counts is the rest.
    expect(Math.abs(linearised.low! - resampled.low!)).toBeLessThan(width / 10);
    expect(Math.abs(linearised.high! - resampled.high!)).toBeLessThan(width / 10);
    expect(Math.abs(linearised.pValue! - resampled.pValue!)).toBeLessThan(0.02);
  });

  it('resamples up to 1,000 clusters', () => {
    const columns = counts(0.3, 1).map((column) => column.slice(0, mostResampledClusters));
    expect(clusterInterval(columns, ratioOfSums, { seed: 1 })).toEqual(clusterBootstrap(columns, ratioOfSums, { seed: 1 }));
  });

  it('resamples where few clusters carry the statistic, and where it has a kink', () => {
    const ones = Array.from({ length: clusters }, () => 1);
    const rare = ones.map((_, row) => (row < 3 ? 1 : 0));
    expect(clusterInterval([rare, ones], ratioOfSums, { seed: 1 }).resamples).toBe(2000);
    const balanced = ones.map((_, row): number => (row % 2 === 0 ? 1 : -1)).fill(0, clusters - 1);
    const folded: SumStatistic = ([sum]) => Math.abs(sum!);
    expect(clusterInterval([balanced], folded, { seed: 1 }).resamples).toBe(2000);
  });

  it('says so where nothing varies, and cuts ends to the range', () => {
    const ones = Array.from({ length: clusters }, () => 1);
    expect(clusterInterval([ones, ones], ratioOfSums, { seed: 1 })).toMatchObject({
      estimate: 1,
      low: null,
      reason: 'no-variation',
    });
    const nearlyAll = ones.map((_, row) => (row % 80 === 0 ? 0 : 1));
    expect(clusterInterval([nearlyAll, ones], ratioOfSums, { seed: 1, range: [0, 0.99] }).high).toBe(0.99);
  });
});

describe('signFlipTest', () => {
  it.each([0, 0.02, 0.04, 0.06])('above 1,000 differences agrees with random signs, at a shift of %s', (shift) => {
    const random = createRandom(9);
    const values = Array.from({ length: clusters }, () => noise(random) + shift);
    const normal = signFlipTest(values, { seed: 1 });
    expect(normal.method).toBe('normal');
    const drawn = drawnPValue(values, 20_000);
    // Binomial error of the drawn one, three deviations.
    expect(Math.abs(normal.pValue - drawn)).toBeLessThan(3 * Math.sqrt((drawn * (1 - drawn)) / 20_000) + 1e-3);
  });
});

function drawnPValue(values: readonly number[], rounds: number): number {
  const random = createRandom(3);
  const observed = Math.abs(values.reduce((sum, value) => sum + value, 0));
  let hits = 1;
  for (let round = 0; round < rounds; round++) {
    const sum = values.reduce((all, value) => all + (random.nextBelow(2) === 0 ? value : -value), 0);
    if (Math.abs(sum) >= observed) hits++;
  }
  return hits / (rounds + 1);
}
