import { describe, expect, it } from 'vitest';
import { goldens } from '../../goldens/metrics/goldens.ts';
import { createRandom, deriveSeed, randomFromState, splitMix64 } from './random.ts';

const take = (count: number, next: () => number) => Array.from({ length: count }, next);

describe('the random stream', () => {
  it('gives the published words of SplitMix64', () => {
    const { seed, words } = goldens.random.splitMix64;
    expect(words.map((_, index) => String(splitMix64(BigInt(seed), index + 1)))).toEqual(words);
  });
  it('gives the published words of xoshiro128** from state 1, 2, 3, 4', () => {
    expect(take(8, randomFromState([1, 2, 3, 4]).nextUint32)).toEqual(goldens.random.fromState);
  });
  it.each(goldens.random.seeded)('gives the words of an independent implementation for seed $seed', ({ seed, words }) => {
    expect(take(8, createRandom(seed).nextUint32)).toEqual(words);
  });
  it('draws every whole number below a limit about equally often', () => {
    const { nextBelow } = createRandom(7);
    const counts = new Float64Array(6);
    for (let draw = 0; draw < 60_000; draw++) counts[nextBelow(6)]! += 1;
    // Five standard deviations of a count of 10,000.
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(5 * Math.sqrt(10_000 * (5 / 6)));
  });
  it('stays inside [0, limit) up to the largest limit and rejects the next', () => {
    const { nextBelow } = createRandom(1);
    for (const limit of [1, 2, 3, 2 ** 21])
      for (const value of take(200, () => nextBelow(limit))) expect(value).toBeLessThan(limit);
    expect(() => nextBelow(2 ** 21 + 1)).toThrow(/2\^21/);
  });
  it('gives floats in [0, 1) with mean one half', () => {
    const floats = take(20_000, createRandom(3).nextFloat);
    expect(Math.min(...floats)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...floats)).toBeLessThan(1);
    expect(floats.reduce((sum, value) => sum + value, 0) / floats.length).toBeCloseTo(0.5, 2);
  });
  it.each([-1, 0.5, Number.NaN, 2 ** 53])('rejects seed %s', (seed) => {
    expect(() => createRandom(seed)).toThrow(expect.objectContaining({ code: 'METRIC_INPUT_INVALID' }));
  });
});

describe('fillBelow', () => {
  it.each([1, 7, 1000, 60_007, 2 ** 16, 3 * 2 ** 19 + 1, 2 ** 21])(
    'gives the draws of nextBelow(%d) and goes on from there',
    (limit) => {
      // At the largest limits about one draw in two thousand takes the rare branch that rejects, at 60,007 about three of these.
      const [filling, single] = [createRandom(11), createRandom(11)];
      const filled = new Int32Array(200_000);
      filling.fillBelow(filled, limit);
      expect(filled).toEqual(Int32Array.from(filled, () => single.nextBelow(limit)));
      expect(filling.nextUint32()).toBe(single.nextUint32());
    },
  );
  it('rejects a limit that nextBelow rejects', () => {
    expect(() => createRandom(1).fillBelow(new Int32Array(1), 0)).toThrow(/limit/);
  });
});

describe('sumBelow', () => {
  it.each([1, 5, 999, 60_007, 2 ** 16, 2 ** 16 + 1])(
    'adds up the values at %d draws of nextBelow, in their order',
    (count) => {
      const [summing, single] = [createRandom(12), createRandom(12)];
      const values = Float64Array.from({ length: count }, (_, index) => Math.sqrt(index + 0.1));
      // Enough sums for draws of the rare branch at the larger counts.
      for (let round = 0; round < 20; round++) {
        let sum = 0;
        for (let draw = 0; draw < count; draw++) sum += values[single.nextBelow(count)]!;
        expect(summing.sumBelow(values)).toBe(sum);
      }
      expect(summing.nextUint32()).toBe(single.nextUint32());
    },
  );
  it('rejects no values at all', () => {
    expect(() => createRandom(1).sumBelow(new Float64Array(0))).toThrow(/limit/);
  });
});

describe('a derived seed', () => {
  it('depends on every part, on their order, their borders and their type', () => {
    const seeds = [
      deriveSeed('a', 'bc'),
      deriveSeed('ab', 'c'),
      deriveSeed('bc', 'a'),
      deriveSeed('a', 'bc', ''),
      deriveSeed(1),
      deriveSeed('1'),
    ];
    expect(new Set(seeds).size).toBe(seeds.length);
  });
  it('is a valid seed and the same every time', () => {
    expect(deriveSeed('run', 3)).toBe(deriveSeed('run', 3));
    expect(() => createRandom(deriveSeed('run', 3))).not.toThrow();
  });
  it('rejects a part that JSON cannot tell apart', () => {
    expect(() => deriveSeed(Number.NaN)).toThrow(/finite/);
  });
});
