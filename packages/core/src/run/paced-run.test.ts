import { describe, expect, it } from 'vitest';
import { runFakeStudy } from '../testing-fakes/fake-study.ts';
import { startProvider } from '../testing-fakes/simulated-provider.ts';

const prompts = (count: number) => [{ use: 'counted', options: { count } }];

describe('paced calls over HTTP', { timeout: 30_000 }, () => {
  it('find what the service takes at once, and lose no sample to its rate limits', async () => {
    const capacity = 6;
    await using provider = await startProvider({ latencyMs: 50, capacity });
    const options = { url: provider.url, concurrency: 24, pacingKey: 'test paced calls' };
    const { records } = await runFakeStudy({
      promptSets: prompts(120),
      generators: [{ use: 'service', options }],
      limits: { backoffMs: 5 },
    });
    expect(records.filter((record) => record.type === 'sample' && record.outcome === 'image')).toHaveLength(120);
    // How near it stays on average is tested in virtual time; here a busy machine is part of the service.
    expect(Math.max(...provider.together)).toBe(capacity);
    expect(provider.refused).toBeLessThan(0.25 * 120);
  });

  it('share one pace under one key', async () => {
    await using provider = await startProvider({ latencyMs: 40 });
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

describe('judges and detectors', { timeout: 30_000 }, () => {
  it('make as many calls at once as they say, with the same records in any order', async () => {
    await using provider = await startProvider({ latencyMs: 60 });
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
