/** TopK of rows that are too long to compare all numbers with all. */
import { describe, expect, it } from 'vitest';
import { integers, modelOf, node, run } from './test-models.ts';

const length = 3000;
const top = (k: number, largest: number, read: string) =>
  modelOf(['n', length], [node('TopK', 'x k', read, { largest })], [integers('k', k)]);
const values = (k: number, largest = 1) => top(k, largest, 'y p');
const places = (k: number, largest = 1) => ({
  ...top(k, largest, 'v y'),
  outputs: [{ name: 'y', type: 7, shape: undefined }],
});

/** 0 but for a few. */
function row(entries: Readonly<Record<number, number>>): number[] {
  const numbers = new Array<number>(length).fill(0);
  for (const [at, value] of Object.entries(entries)) numbers[Number(at)] = value;
  return numbers;
}

describe('the first of a long row', () => {
  const x = row({ 2999: 5, 17: 7, 1200: 7, 3: -2, 40: Infinity });

  it('are the largest, of equal ones the first', async () => {
    expect(await run(values(4), x)).toEqual([Infinity, 7, 7, 5]);
    expect(await run(places(4), x)).toEqual([40, 17, 1200, 2999]);
  });

  it('are the smallest where these are asked for', async () => {
    expect(await run(values(3, 0), x)).toEqual([-2, 0, 0]);
    expect(await run(places(3, 0), x)).toEqual([3, 0, 1]);
  });

  it('are places that differ where all numbers are infinite', async () => {
    expect(await run(places(3), new Array<number>(length).fill(-Infinity))).toEqual([0, 1, 2]);
  });

  it('are no number where one of the row is none', async () => {
    expect(await run(values(2), row({ 7: Number.NaN }))).toEqual([Number.NaN, Number.NaN]);
  });
});
