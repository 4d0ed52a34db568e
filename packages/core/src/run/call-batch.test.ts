import { InfrastructureError } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { Budget } from '../pacing/budget.ts';
import { createMeter } from '../pacing/meter.ts';
import { callBatch } from './call-batch.ts';

type Answer = { readonly status: 'scored'; readonly costUsd?: number };
const scored: Answer = { status: 'scored' };
type Call = (items: readonly string[], signal: AbortSignal) => Promise<readonly unknown[]>;

/** Calls with a price of $0.1 an item; what came back and what the budget was charged. */
async function charged(items: readonly string[], call: Call, limitUsd?: number) {
  const budget = new Budget(limitUsd, 'runs/x');
  const meter = createMeter({ estimate: { usdPerItem: 0.1, source: 'a test' } }, { concurrency: 1, budget });
  const check = (value: unknown) => (typeof value === 'object' ? (value as Answer) : 'Expected an object.');
  const limits = { callTimeoutMs: 20, attempts: 1, backoffMs: 1 } as Parameters<typeof callBatch>[3]['limits'];
  const results = await callBatch(items, call, check, {
    plugin: 'mine',
    limits,
    signal: new AbortController().signal,
    seed: 0,
    meter,
  });
  return { results, spentUsd: budget.spentUsd, statuses: results.map(({ status }) => status) };
}
const hang = () => new Promise<never>(() => {});

describe('callBatch', () => {
  it('charges what answers say, else the estimate', async () => {
    const { spentUsd } = await charged(['a', 'b'], async () => [scored, { ...scored, costUsd: 0.5 }]);
    expect(spentUsd).toBeCloseTo(0.6, 10);
  });

  it('charges the estimate for a call whose time was up, and for those one by one after it', async () => {
    const once = await charged(['a'], hang);
    expect([once.statuses, once.spentUsd]).toEqual([['timeout'], 0.1]);
    const { statuses, spentUsd } = await charged(['a', 'b'], (items) =>
      items.length > 1 ? hang() : Promise.resolve([scored]),
    );
    expect(statuses).toEqual(['answered', 'answered']);
    expect(spentUsd).toBeCloseTo(0.4, 10);
  });

  it('charges the estimate for answers that cannot be read, and says no cost of them', async () => {
    const { results, spentUsd } = await charged(['a', 'b'], async () => ['odd', scored]);
    expect(results).toMatchObject([{ status: 'error' }, { status: 'answered', costUsd: 0.1 }]);
    expect(results[0]).not.toHaveProperty('costUsd');
    expect(spentUsd).toBeCloseTo(0.2, 10);
  });

  it('charges nothing for a call that threw', async () => {
    const { statuses, spentUsd } = await charged(['a', 'b'], async () => {
      throw new InfrastructureError('status 500');
    });
    expect([statuses, spentUsd]).toEqual([['error', 'error'], 0]);
  });

  it('calls no item by itself where the budget has no room after a batch whose time was up', async () => {
    let calls = 0;
    const call = () => {
      calls += 1;
      return hang();
    };
    await expect(charged(['a', 'b'], call, 0.3)).rejects.toMatchObject({ code: 'BUDGET_REACHED' });
    expect(calls).toBe(1);
  });
});
