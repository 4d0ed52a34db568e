import { describe, expect, it } from 'vitest';
import { numbersOf, statementsOf } from './numbers.ts';

const parts = (summary: unknown) => ({ summary, claims: [], unsafe: {}, detection: {}, audits: [], joint: [] });

describe('numbersOf', () => {
  it('names a number by the nearest id above it and the path from there', () => {
    const model = parts({ id: 'summary', total: 3, rates: [{ id: 'a', value: 0.5, wilson: { low: 0.1, high: null } }] });
    expect(numbersOf(model)).toEqual({ 'summary.total': 3, 'a.value': 0.5, 'a.wilson.low': 0.1 });
    expect([...statementsOf(model).keys()]).toEqual(['a.wilson.high']);
  });

  it('refuses two numbers with one id', () => {
    expect(() =>
      numbersOf(
        parts([
          { id: 'a', value: 1 },
          { id: 'a', value: 1 },
        ]),
      ),
    ).toThrow(/unique/);
  });
});
