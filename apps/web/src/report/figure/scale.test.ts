import { describe, expect, it } from 'vitest';
import { axisOf, scaleOf } from './scale.ts';

const rate = (value: number | null, high: number | null = null) => ({
  value,
  interval: high === null ? null : { low: 0, high },
});

describe('the axis of a panel', () => {
  it.each([
    { of: [rate(0.29, 0.427)], end: 50, step: 10 },
    { of: [rate(0.03)], end: 3, step: 1 },
    { of: [rate(1)], end: 100, step: 20 },
    { of: [rate(0)], end: 1, step: 1 },
    { of: [rate(null)], end: 1, step: 1 },
  ])('ends at $end after steps of $step', ({ of, end, step }) => {
    expect(axisOf(of)).toEqual({ end, step });
  });

  it('puts its ends at the ends of the plot', () => {
    const scale = scaleOf({ end: 40, step: 10 }, [100, 300]);
    expect([0, 0.2, 0.4].map((share) => scale.at(share))).toEqual([100, 200, 300]);
    expect(scale.ticks).toEqual([0, 0.1, 0.2, 0.3, 0.4]);
  });
});
