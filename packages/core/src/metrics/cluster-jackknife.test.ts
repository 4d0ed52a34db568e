import { describe, expect, it } from 'vitest';
import { clusterBootstrap, ratioOfSums, type SumStatistic } from './cluster-bootstrap.ts';
import { clusterJackknife } from './cluster-jackknife.ts';
import { createRandom, type Random } from './random.ts';

type Point = readonly [x: number, y: number];
const slopeOf: SumStatistic = ([n, x, y, xx, xy]) => (n! * xy! - x! * y!) / (n! * xx! - x! * x!);

function sumsOf(clusters: readonly (readonly Point[])[]): number[][] {
  const sum = (points: readonly Point[], value: (x: number, y: number) => number) =>
    points.reduce((all, [x, y]) => all + value(x, y), 0);
  const rows = clusters.map((points) => [
    points.length,
    sum(points, (x) => x),
    sum(points, (_, y) => y),
    sum(points, (x) => x * x),
    sum(points, (x, y) => x * y),
  ]);
  return [0, 1, 2, 3, 4].map((column) => rows.map((row) => row[column]!));
}

const normal = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random.nextFloat())) * Math.cos(2 * Math.PI * random.nextFloat());

describe('clusterJackknife', () => {
  it('agrees with slopes fitted anew without each cluster, by NumPy and SciPy', () => {
    const clusters: Point[][] = [
      [
        [1, 0.1],
        [2, 0.4],
        [3, 0.2],
        [4, 0.7],
      ],
      [
        [2, 0.3],
        [3, 0.9],
        [5, 0.5],
      ],
      [
        [1, 0.2],
        [4, 0.8],
        [6, 0.6],
        [7, 1.1],
      ],
      [
        [3, 0.4],
        [3, 0.3],
        [8, 1],
      ],
    ];
    const { estimate, low, high, pValue } = clusterJackknife(sumsOf(clusters), slopeOf);
    expect(estimate).toBeCloseTo(0.1196601941747573, 10);
    expect(low).toBeCloseTo(0.07457595191282625, 8);
    expect(high).toBeCloseTo(0.16474443643668835, 8);
    expect(pValue).toBeCloseTo(0.0034827473084046152, 8);
  });

  it('is the t interval of a mean, where every cluster is one number', () => {
    const values = [0.2, 0.5, 0.1, 0.9, 0.4];
    const found = clusterJackknife([values, values.map(() => 1)], ratioOfSums);
    // 0.42 ± 2.776445 × 0.311448 / √5.
    expect(found.low).toBeCloseTo(0.42 - (2.7764451051977987 * Math.sqrt(0.097)) / Math.sqrt(5), 9);
    expect(found.resamples).toBe(0);
  });

  it('keeps its level where twelve clusters of unequal leverage carry a slope, unlike the percentile bootstrap', () => {
    const random = createRandom(11);
    const rounds = 800;
    const rejected = { jackknife: 0, bootstrap: 0 };
    for (let round = 0; round < rounds; round++) {
      const clusters = Array.from({ length: 12 }, () => {
        const [x, shift] = [Math.exp(normal(random)), normal(random)];
        return [0, 1].map((step): Point => [x + step, shift + normal(random)]);
      });
      const columns = sumsOf(clusters);
      if (clusterJackknife(columns, slopeOf).pValue! < 0.05) rejected.jackknife++;
      if (clusterBootstrap(columns, slopeOf, { seed: round, resamples: 200 }).pValue! < 0.05) rejected.bootstrap++;
    }
    // Binomial at 0.05 and 800 rounds: 40, standard deviation 6.2.
    expect(rejected.jackknife).toBeLessThan(59);
    expect(rejected.bootstrap).toBeGreaterThan(59);
  });

  it('is not sure of itself where two clusters agree', () => {
    const found = clusterJackknife(
      [
        [9, 8],
        [10, 10],
      ],
      ratioOfSums,
      { range: [0, 1] },
    );
    expect(found.low).toBeLessThan(0.3);
    expect(found.high).toBe(1);
    // The percentile bootstrap never leaves what the two say.
    expect(
      clusterBootstrap(
        [
          [9, 8],
          [10, 10],
        ],
        ratioOfSums,
        { seed: 1 },
      ).low,
    ).toBe(0.8);
  });

  it('says why there is no interval', () => {
    expect(clusterJackknife([[], []], ratioOfSums).reason).toBe('no-clusters');
    expect(clusterJackknife([[1], [2]], ratioOfSums).reason).toBe('one-cluster');
    expect(
      clusterJackknife(
        [
          [0, 0],
          [0, 0],
        ],
        ratioOfSums,
      ).reason,
    ).toBe('statistic-undefined');
    expect(
      clusterJackknife(
        [
          [1, 0],
          [2, 0],
        ],
        ratioOfSums,
      ),
    ).toMatchObject({ estimate: 0.5, reason: 'resamples-undefined' });
    expect(
      clusterJackknife(
        [
          [1, 2, 3],
          [2, 4, 6],
        ],
        ratioOfSums,
      ),
    ).toMatchObject({ pValue: null, reason: 'no-variation' });
    expect(
      clusterJackknife(
        [
          [1, 2],
          [2, 2],
        ],
        ratioOfSums,
        { degrees: 0 },
      ).reason,
    ).toBe('one-cluster');
    expect(() =>
      clusterJackknife(
        [
          [1, Number.NaN],
          [1, 1],
        ],
        ratioOfSums,
      ),
    ).toThrow('finite sums');
  });
});
