import { describe, expect, it } from 'vitest';
import type { FamilyTest } from '../parts.ts';
import { adjustTests, reversed } from './section-tools.ts';

const test = (id: string, pValue: number | null): FamilyTest => ({
  id,
  difference: 0.2,
  interval: { low: 0.1, high: 0.3 },
  pValue,
  pAdjusted: null,
  effectSize: 0.5,
  pairs: 9,
});

describe('adjustTests', () => {
  it("corrects by Holm wherever a test stands, families' and single models' tests apart", () => {
    const section = {
      reason: null,
      rows: [{ test: test('x/family:mllm/d', 0.01) }, { test: test('x/model:a:a/d', 0.02) }, { test: null }],
      families: { deep: [test('x/families', 0.04), test('x/family:diffusion/d', null)] },
    };
    const adjusted = adjustTests(section);
    expect(adjusted.rows.map((row) => row.test?.pAdjusted)).toEqual([0.02, 0.02, undefined]);
    expect(adjusted.families.deep.map(({ pAdjusted }) => pAdjusted)).toEqual([0.04, null]);
    expect(adjusted.reason).toBeNull();
  });
});

describe('reversed', () => {
  it('swaps the sides of a difference and of its interval', () => {
    expect(reversed(test('x', 0.5))).toMatchObject({
      difference: -0.2,
      interval: { low: -0.3, high: -0.1 },
      effectSize: -0.5,
      pValue: 0.5,
    });
    expect(reversed(null)).toBeNull();
  });
});
