import { expect, it } from 'vitest';
import { valuesOfCodes } from './affine-codes.ts';

it('rounds code times scale plus minimum to float32 once', () => {
  expect([...valuesOfCodes(Uint8Array.of(0, 1, 255), { scale: 0.5, min: -2 })]).toEqual([-2, -1.5, 125.5]);
  // 3 × 0.1 − 0.3 is 5.55e-17 in float64; with float32 numbers in between it would be 1.2e-8.
  expect(valuesOfCodes(Uint8Array.of(3), { scale: 0.1, min: -0.3 })[0]).toBe(Math.fround(3 * 0.1 - 0.3));
});
