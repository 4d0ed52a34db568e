import { expect, it } from 'vitest';
import { roundHalfEven, roundToFloat } from './rounding.ts';

it('rounds halves to the even integer', () => {
  expect([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 2.4, -2.6].map((x) => roundHalfEven(x) + 0)).toEqual([-2, -2, 0, 0, 2, 2, 2, -3]);
});

it('rounds to float16: normal, subnormal, halves, the greatest, and beyond', () => {
  const cases = [
    [1 + 2 ** -11, 1],
    [1 + 3 * 2 ** -11, 1 + 2 ** -9],
    [2 ** -24, 2 ** -24],
    [2 ** -25, 0],
    [3 * 2 ** -25, 2 ** -23],
    [65_519, 65_504],
    [65_520, Infinity],
    [-1e9, -Infinity],
    [-0.1, -0.0999755859375],
  ] as const;
  for (const [x, expected] of cases) expect(roundToFloat('float16', x), String(x)).toBe(expected);
  expect(roundToFloat('float16', Number.NaN)).toBeNaN();
});

it('rounds to bfloat16', () => {
  expect([1 + 2 ** -8, 1 + 3 * 2 ** -8, 3.4e38, 0.819105446].map((x) => roundToFloat('bfloat16', x))).toEqual([1, 1 + 2 ** -6, Infinity, 0.8203125]); // biome-ignore format: one table
});
