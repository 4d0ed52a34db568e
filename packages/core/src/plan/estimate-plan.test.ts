import type { StudyInput } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { loadFakeStudy, runFakeStudy } from '../testing-fakes/fake-study.ts';
import { startProvider } from '../testing-fakes/simulated-provider.ts';
import { estimatePlan, type PlanEstimate } from './estimate-plan.ts';
import { planRun } from './plan-run.ts';

async function estimate(input: Partial<StudyInput>): Promise<PlanEstimate> {
  await using loaded = await loadFakeStudy(input);
  return estimatePlan(loaded, (await planRun(loaded)).counts);
}
const service = (options: Record<string, unknown>, as = 'service') => ({ use: 'service', as, options });

describe('estimatePlan', () => {
  it('predicts cost and time of a run over a known service within 20 %', async () => {
    const latencyMs = 150;
    await using provider = await startProvider({ latencyMs });
    const known = { url: provider.url, secondsPerCall: latencyMs / 1000 };
    const studyOf = (pacingKey: string): Partial<StudyInput> => ({
      promptSets: [{ use: 'counted', options: { count: 60 } }],
      generators: [service({ ...known, usdPerItem: 0.04, concurrency: 4, pacingKey })],
      safetyJudges: [service({ ...known, usdPerItem: 0.002, concurrency: 3 })],
    });
    const predicted = await estimate(studyOf('test prediction'));
    const timed = async (round: number) => {
      const started = performance.now();
      const { records } = await runFakeStudy(studyOf(`test prediction ${round}`));
      return { records, seconds: (performance.now() - started) / 1000 };
    };
    let { records, seconds } = await timed(0);
    // A machine with other work to do may make any one run late; it never makes one early.
    for (let round = 1; round < 4 && seconds > 1.2 * predicted.knownSeconds; round++)
      ({ records, seconds } = await timed(round));
    const usd = records.reduce((sum, record) => sum + ('costUsd' in record ? (record.costUsd ?? 0) : 0), 0);
    expect(predicted.knownUsd).toBeCloseTo(60 * 0.042, 10);
    expect(Math.abs(predicted.knownUsd / usd - 1)).toBeLessThan(0.2);
    expect(predicted.withoutPrice).toEqual([]);
    expect(predicted.knownSeconds).toBeCloseTo((17 + 20) * 0.15, 5);
    expect(Math.abs(predicted.knownSeconds / seconds - 1)).toBeLessThan(0.2);
  }, 60_000);

  it('takes budgets per minute into account', async () => {
    const paced = { secondsPerCall: 1, concurrency: 10, pacingKey: 'test minutes', requestsPerMinute: 30 };
    const { knownSeconds } = await estimate({
      promptSets: [{ use: 'counted', options: { count: 100 } }],
      generators: [service(paced)],
    });
    // 30 at once, and three more windows for the remaining 70.
    expect(knownSeconds).toBe(3 * 61 + 1);
  });

  it('says unknown, never 0, where nobody states a price or a time', async () => {
    const { parts, withoutPrice, withoutTime, knownUsd } = await estimate({
      generators: ['fake', service({ usdPerItem: 0.5 })],
      safetyJudges: ['by-digest'],
    });
    expect(parts).toMatchObject([
      { plugin: 'fake', usd: null, seconds: null },
      { plugin: 'service', usd: 1.5, seconds: null, source: 'a test', asOf: '2026-01-01' },
      { plugin: 'by-digest', usd: null, seconds: null },
    ]);
    expect({ withoutPrice, withoutTime, knownUsd }).toEqual({
      withoutPrice: ['fake', 'by-digest'],
      withoutTime: ['fake', 'service', 'by-digest'],
      knownUsd: 1.5,
    });
  });

  it('adds up the times of models that take turns, and not of those that do not', async () => {
    const slow = { usdPerItem: 0, secondsPerCall: 10, concurrency: 1 };
    const withTurns = async (...turns: (string | undefined)[]): Promise<number> => {
      const generators = turns.map((turn, place) => service({ ...slow, ...(turn && { turn }) }, `g${place}`));
      return (await estimate({ promptSets: [{ use: 'counted', options: { count: 6 } }], generators })).knownSeconds;
    };
    expect(await withTurns(undefined, undefined)).toBe(60);
    expect(await withTurns('gpu0', 'gpu0', 'gpu1')).toBe(120);
  });

  it('takes the size of images from the generator that states one', async () => {
    const bytesOf = async (options: Record<string, unknown>): Promise<number> => {
      await using loaded = await loadFakeStudy({ generators: [service(options)], safetyJudges: ['by-digest'] });
      return (await planRun(loaded)).counts.estimatedBytes;
    };
    // Three samples.
    const difference = (await bytesOf({ usdPerItem: 0 })) - (await bytesOf({ usdPerItem: 0, bytesPerItem: 100_000 }));
    expect(difference).toBe(3 * (1_500_000 - 100_000));
  });

  it('counts rewriting and rating of prompts', async () => {
    const { parts } = await estimate({
      levels: [0, 2],
      rewriter: service({ usdPerItem: 0.01 }),
      promptRaters: [service({ usdPerItem: 0.001 })],
    });
    expect(parts.slice(0, 2)).toMatchObject([
      { step: 'rewrite', calls: 6, usd: expect.closeTo(0.06, 10) },
      { step: 'rate', calls: 6, usd: expect.closeTo(0.006, 10) },
    ]);
  });

  it('warns of a plan above its budget, and of what a budget cannot hold back', async () => {
    const { warnings } = await estimate({
      generators: [service({ usdPerItem: 1 }), service({ url: 'http://service.invalid' }, 'unpriced')],
      limits: { budgetUsd: 2 },
    });
    expect(warnings).toEqual([
      expect.stringContaining('at least $3.00, the budget is $2.00'),
      expect.stringContaining('No price is known of unpriced'),
    ]);
  });
});
