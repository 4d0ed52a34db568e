import { describe, expect, it } from 'vitest';
import { normalOf, pick, randomOf, seedOf } from './seeded.ts';

describe('seeded choice', () => {
  it('repeats for the same seed and differs for another', () => {
    const draw = (seed: number) => Array.from({ length: 4 }, randomOf(seed));
    expect(draw(5)).toEqual(draw(5));
    expect(draw(5)).not.toEqual(draw(6));
  });

  it('is uniform enough: mean and variance of 100,000 draws are those of [0, 1)', () => {
    const random = randomOf(1);
    const draws = Array.from({ length: 100_000 }, random);
    const mean = draws.reduce((a, b) => a + b, 0) / draws.length;
    const variance = draws.reduce((a, b) => a + (b - mean) ** 2, 0) / draws.length;
    expect(mean).toBeCloseTo(0.5, 2);
    expect(variance).toBeCloseTo(1 / 12, 2);
    expect(draws.every((value) => value >= 0 && value < 1)).toBe(true);
  });

  it('gives normal numbers of mean 0 and variance 1', () => {
    const random = randomOf(2);
    const draws = Array.from({ length: 50_000 }, () => normalOf(random));
    expect(draws.reduce((a, b) => a + b, 0) / draws.length).toBeCloseTo(0, 1);
    expect(draws.reduce((a, b) => a + b * b, 0) / draws.length).toBeCloseTo(1, 1);
  });

  it('keeps the parts of a seed apart', () => {
    expect(seedOf('ab', 'c')).not.toBe(seedOf('a', 'bc'));
    expect(seedOf('a', 1)).toBe(seedOf('a', 1));
  });

  it('picks every item', () => {
    const random = randomOf(3);
    expect(new Set(Array.from({ length: 50 }, () => pick(random, ['a', 'b', 'c'])))).toEqual(new Set(['a', 'b', 'c']));
  });
});
