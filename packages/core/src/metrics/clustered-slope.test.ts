import { describe, expect, it } from 'vitest';
import { clusteredSlope } from './clustered-slope.ts';

const options = { seed: 6, resamples: 400 };

describe('the clustered slope', () => {
  it('is the least-squares slope, bracketed by resampling prompts', () => {
    const points = [1, 3.1, 4.9, 7, 9.2, 10.8].map((y, x) => ({ promptId: `p${x}`, x, y }));
    const result = clusteredSlope(points, options);
    // Σ(x - 2.5)(y - 6) = 34.7 and Σ(x - 2.5)² = 17.5.
    expect(result.estimate).toBeCloseTo(34.7 / 17.5, 12);
    expect(result.low).toBeLessThan(result.estimate!);
    expect(result.high).toBeGreaterThan(result.estimate!);
    expect(result.clusters).toBe(6);
  });
  it('keeps the levels of a prompt together', () => {
    // Each prompt falls by its own amount over three levels, at its own height: heights must not widen the interval.
    const points = Array.from({ length: 30 }, (_, prompt) =>
      [0, 1, 2].map((x) => ({ promptId: `p${prompt}`, x, y: prompt * 10 - x * (1 + (prompt % 3) * 0.1) })),
    ).flat();
    const result = clusteredSlope(points, options);
    expect(result.estimate).toBeCloseTo(-1.1, 10);
    expect(result.high! - result.low!).toBeLessThan(0.1);
  });
  it('does not lose digits to a large offset', () => {
    const points = [0, 1, 2, 3].map((x) => ({ promptId: `p${x}`, x: x + 1e8, y: 2 * x + (x % 2) }));
    const near = points.map((point) => ({ ...point, x: point.x - 1e8 }));
    expect(clusteredSlope(points, options).estimate).toBeCloseTo(clusteredSlope(near, options).estimate!, 9);
  });
  it('gives a reason where x does not vary, or there is no point', () => {
    expect(
      clusteredSlope(
        [
          { promptId: 'a', x: 1, y: 0 },
          { promptId: 'b', x: 1, y: 1 },
        ],
        options,
      ).reason,
    ).toBe('statistic-undefined');
    expect(clusteredSlope([], options).reason).toBe('no-clusters');
  });
  it('rejects NaN', () => {
    expect(() => clusteredSlope([{ promptId: 'a', x: Number.NaN, y: 0 }], options)).toThrow(
      expect.objectContaining({ code: 'METRIC_INPUT_INVALID' }),
    );
  });
});
