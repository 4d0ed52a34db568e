import { describe, expect, it } from 'vitest';
import { quantile } from './quantile.ts';
import { createRandom } from './random.ts';

describe('quantile', () => {
  it('interpolates linearly, in any order of the values', () => {
    for (const values of [
      [1, 2, 4, 8],
      [8, 1, 4, 2],
      [4, 8, 2, 1],
    ])
      expect([0, 0.25, 0.5, 1].map((share) => quantile(Float64Array.from(values), share))).toEqual([1, 1.75, 3, 8]);
  });
  it('is the value itself of one value', () => {
    expect(quantile(Float64Array.of(3), 0.975)).toBe(3);
  });
  it('is what sorting gives, with ties, in order, reversed and after other quantiles of the same values', () => {
    const random = createRandom(5);
    for (let round = 0; round < 300; round++) {
      const length = 1 + random.nextBelow(200);
      const distinct = 1 + random.nextBelow(length);
      const drawn = Float64Array.from({ length }, () => random.nextBelow(distinct) / 7);
      const sorted = drawn.toSorted();
      const values = [drawn, sorted.slice(), sorted.toReversed()][round % 3]!;
      for (const share of [0.025, 0.975, 0, 1, random.nextFloat()]) {
        const position = share * (length - 1);
        const below = Math.floor(position);
        const [lower, upper] = [sorted[below]!, sorted[Math.min(below + 1, length - 1)]!];
        expect(quantile(values, share)).toBe(lower + (position - below) * (upper - lower));
      }
    }
  });
});
