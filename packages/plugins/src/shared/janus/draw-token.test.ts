import { describe, expect, it } from 'vitest';
import { randomOf } from '../seeded.ts';
import { drawToken, keepOnly } from './draw-token.ts';

describe('drawToken', () => {
  it('draws tokens as often as softmax says', () => {
    const random = randomOf(7);
    const counts = [0, 0, 0];
    for (let i = 0; i < 20_000; i++) counts[drawToken([Math.log(1), Math.log(3), Math.log(6)], 1, random)]!++;
    // Four standard errors of a share of 0.6 in 20,000 draws are 0.014.
    for (const [i, share] of [0.1, 0.3, 0.6].entries()) expect(Math.abs(counts[i]! / 20_000 - share)).toBeLessThan(0.014);
  });

  it('divides logits by the temperature', () => {
    const logits = [0, Math.log(4)];
    const share = (temperature: number) => {
      const random = randomOf(3);
      let second = 0;
      for (let i = 0; i < 20_000; i++) second += drawToken(logits, temperature, random);
      return second / 20_000;
    };
    expect(Math.abs(share(2) - 2 / 3)).toBeLessThan(0.014);
    expect(Math.abs(share(0.5) - 16 / 17)).toBeLessThan(0.014);
  });

  it('never draws a token that is ruled out, whatever the random number', () => {
    expect(drawToken([Number.NEGATIVE_INFINITY, 5, Number.NEGATIVE_INFINITY], 1, () => 0)).toBe(1);
    expect(drawToken([Number.NEGATIVE_INFINITY, 5, Number.NEGATIVE_INFINITY], 1, () => 1)).toBe(1);
  });
});

describe('keepOnly', () => {
  it('leaves one token to choose', () => {
    const logits = Float32Array.of(3, -1, 2);
    keepOnly(logits, 1);
    expect([...logits]).toEqual([Number.NEGATIVE_INFINITY, 0, Number.NEGATIVE_INFINITY]);
  });
});
