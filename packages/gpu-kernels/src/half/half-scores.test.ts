import { describe, expect, it } from 'vitest';
import { itemApart } from './half-scores.ts';

const apart = (half: number[], full: number[], activation: Parameters<typeof itemApart>[2], isShares = false): number =>
  itemApart(half, full, activation, isShares).apart;

describe('scores of an item apart', () => {
  it('of a sigmoid are those of a logit near 0, however sure the network is of the made picture', () => {
    // The logistic function of ±Δ/2 differs by tanh(Δ/4).
    expect(apart([12.02], [12], 'sigmoid')).toBeCloseTo(Math.tanh(0.005), 9);
    expect(apart([0.004], [-0.004], 'sigmoid')).toBeCloseTo(0.002, 6);
  });

  it('of a softmax are those of the classes that move apart furthest, not those of all that move alike', () => {
    expect(apart([20.5, 30.5], [20, 30], 'softmax')).toBe(0);
    expect(apart([20.01, 29.99], [20, 30], 'softmax')).toBeCloseTo(Math.tanh(0.005), 9);
  });

  it('of shares are seen by their logits, of a softmax and of a sigmoid', () => {
    const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
    expect(apart([sigmoid(-7.98)], [sigmoid(-8)], 'none')).toBeCloseTo(Math.tanh(0.005), 6);
    expect(apart([sigmoid(-7.98), sigmoid(7.98)], [sigmoid(-8), sigmoid(8)], 'none')).toBeCloseTo(Math.tanh(0.005), 6);
    expect(apart([sigmoid(-7.98)], [sigmoid(-8)], 'unknown', true)).toBeCloseTo(Math.tanh(0.005), 6);
  });

  it('of many numbers are those of their spread: the ends of it seldom decide', () => {
    // Logits move by ±0.001: the differences of two spread by √2 times as much, three of that over 4.
    const full = Array.from({ length: 100 }, (_, i) => -i / 10);
    const half = full.map((value, i) => value + (i % 2 === 0 ? 1e-3 : -1e-3));
    expect(apart(half, full, 'softmax')).toBeCloseTo((3 * Math.SQRT2 * 1e-3) / 4, 6);
    expect(apart(half.map((value) => value - 20), full.map((value) => value - 20), 'sigmoid')).toBeCloseTo(3e-3 / 4, 6); // biome-ignore format: one call
  });

  it('are unknown where float32 rounds the score to 0 or 1, and NaN where a number is none', () => {
    expect(itemApart([1], [1], 'none', true)).toEqual({ apart: 0, isHidden: true });
    expect(itemApart([1, 0], [1, 0], 'none', true)).toMatchObject({ isHidden: true });
    expect(itemApart([1, 1e-12], [1, 1e-12], 'none', true)).toMatchObject({ isHidden: false });
    expect(apart([Number.NaN], [1], 'sigmoid')).toBeNaN();
    // A class that a network leaves out is no number of half precision.
    expect(apart([1, 2, Number.NEGATIVE_INFINITY], [1, 2, Number.NEGATIVE_INFINITY], 'softmax')).toBe(0);
  });

  it('are known of outputs as large as maps of a picture', () => {
    const full = Array.from({ length: 200_000 }, (_, i) => (i % 10) / 10);
    const half = full.map((value) => value + 1e-3);
    expect(apart(half, full, 'sigmoid')).toBeCloseTo(3e-3 / 4, 6);
    expect(apart(half, full, 'softmax')).toBeLessThan(1e-9);
    const shares = full.map(() => 1 / full.length);
    expect(apart(shares, shares, 'none')).toBe(0);
  });
});
