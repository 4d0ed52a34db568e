import { describe, expect, it } from 'vitest';
import { runFakeStudy } from '../testing-fakes/fake-study.ts';
import { startProvider } from '../testing-fakes/simulated-provider.ts';

const prompts = (count: number) => [{ use: 'counted', options: { count } }];

describe('paced calls over HTTP', () => {
  it('find what the service takes at once, and lose no sample to its rate limits', async () => {
    const capacity = 6;
    await using provider = await startProvider({ latencyMs: 20, capacity });
    const options = { url: provider.url, concurrency: 24, pacingKey: 'test paced calls' };
    const { records } = await runFakeStudy({
      promptSets: prompts(300),
      generators: [{ use: 'service', options }],
      limits: { backoffMs: 5 },
    });
    expect(records.filter((record) => record.type === 'sample' && record.outcome === 'image')).toHaveLength(300);
    const settled = provider.together.slice(150);
    const mean = settled.reduce((sum, calls) => sum + calls, 0) / settled.length;
    // Calls in flight at an arrival: those before it and itself, so somewhat below what is in flight on average.
    expect(mean).toBeGreaterThan(0.8 * capacity - 1);
    expect(provider.refused).toBeLessThan(0.15 * 300);
  });

  it('share one pace under one key', async () => {
    await using provider = await startProvider({ latencyMs: 10 });
    const service = (as: string, concurrency: number) => ({
      use: 'service',
      as,
      options: { url: provider.url, concurrency, pacingKey: 'test shared pace' },
    });
    await runFakeStudy({ promptSets: prompts(20), generators: [service('a', 4), service('b', 4), service('c', 3)] });
    expect(provider.answered).toBe(60);
    expect(Math.max(...provider.together)).toBe(4);
  });

  it('never repeat a refusal', async () => {
    await using provider = await startProvider({ latencyMs: 1 });
    const { records } = await runFakeStudy({
      generators: [{ use: 'service', options: { url: provider.url, behaviour: 'refuse', pacingKey: 'test refusals' } }],
    });
    expect(records.map((record) => record.type === 'sample' && [record.outcome, record.attempts])).toEqual(
      Array(3).fill(['refused', 1]),
    );
    expect(provider.answered).toBe(3);
  });

  it('give up on a service that only ever objects', async () => {
    await using provider = await startProvider({ latencyMs: 1, capacity: 0 });
    const { records } = await runFakeStudy({
      promptSets: prompts(1),
      generators: [{ use: 'service', options: { url: provider.url, pacingKey: 'test objections' } }],
      limits: { attempts: 2, backoffMs: 1 },
    });
    expect(records).toMatchObject([{ outcome: 'error', attempts: 4, reason: expect.stringContaining('429') }]);
  });
});

describe('judges and detectors', () => {
  it('make as many calls at once as they say, with the same records in any order', async () => {
    await using provider = await startProvider({ latencyMs: 15 });
    const scored = async (concurrency: number) => {
      const service = { use: 'service', options: { url: provider.url, concurrency, maxBatch: 2 } };
      const { records } = await runFakeStudy({ promptSets: prompts(24), safetyJudges: [service], detectors: [service] });
      return records
        .filter(({ type }) => type === 'verdict' || type === 'detection')
        .map((record) => JSON.stringify(record))
        .sort();
    };
    const together = await scored(5);
    expect(Math.max(...provider.together)).toBe(5);
    expect(together).toHaveLength(48);
    const before = provider.together.length;
    expect(await scored(1)).toEqual(together);
    expect(Math.max(...provider.together.slice(before))).toBe(1);
  });
});
