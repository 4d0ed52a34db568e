import { expect, it } from 'vitest';
import { tokenMeter } from './token-metering.ts';

it('counts tokens by the prices of the options, and knows no cost without counts', () => {
  const { costOf } = tokenMeter('key', { concurrency: 1, usdPerMillionIn: 2, usdPerMillionOut: 10 }, [], 1);
  expect(costOf(1000, 100)).toBeCloseTo(0.003, 12);
  expect(costOf(1000, undefined)).toBeUndefined();
});

it('knows no cost without prices', () => {
  const { costOf, metering } = tokenMeter('key', { concurrency: 1 }, ['nobody/model'], 1);
  expect(costOf(1000, 100)).toBeUndefined();
  expect(metering.estimate).toMatchObject({ usdPerItem: null });
});

it.each([{ usdPerMillionIn: 2 }, { usdPerMillionOut: 10 }])('refuses half a price (%j)', (price) => {
  expect(() => tokenMeter('key', { concurrency: 1, ...price }, [], 1)).toThrow(/is missing/);
});
