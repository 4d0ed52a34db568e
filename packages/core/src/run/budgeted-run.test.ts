import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiptychError, JournalRecord, StudyInput } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { loadFakeAgain, readRecords, runFakeStudy, temporaryFolder } from '../testing-fakes/fake-study.ts';
import { startProvider } from '../testing-fakes/simulated-provider.ts';
import type { RunEvent } from './progress.ts';
import { resumeRun } from './start-run.ts';

const spent = (records: readonly JournalRecord[]): number =>
  records.reduce((sum, record) => {
    const prompts = record.type === 'sample' ? Object.values(record.promptCostsUsd ?? {}) : [];
    return sum + ('costUsd' in record ? (record.costUsd ?? 0) : 0) + prompts.reduce((a, b) => a + b, 0);
  }, 0);

const priced = (usdPerItem: number, more: object = {}) => ({ use: 'service', options: { usdPerItem, ...more } });

describe('costs', { timeout: 30_000 }, () => {
  it('stand in every record, and prompts are paid for once', async () => {
    const { records } = await runFakeStudy({
      samplesPerPrompt: 2,
      levels: [0, 2],
      rewriter: priced(0.01),
      promptRaters: [priced(0.001)],
      generators: [priced(0.04), { ...priced(0.5, { behaviour: 'refuse' }), as: 'refusing' }],
      safetyJudges: [priced(0.002)],
      detectors: [priced(0.003, { costUsd: 0.004 })],
    });
    const costs = (type: string, plugin: string): number[] =>
      records.flatMap((record) =>
        record.type === type && Object.values(record).includes(plugin) && 'costUsd' in record ? [record.costUsd ?? -1] : [],
      );
    expect(records.filter(({ type }) => type === 'sample')).toHaveLength(24);
    expect(costs('sample', 'service')).toEqual(Array(12).fill(0.04));
    // A refusal that does not say its cost is not taken to have one.
    expect(costs('sample', 'refusing')).toEqual([]);
    expect(costs('verdict', 'service')).toEqual(Array(12).fill(0.002));
    expect(costs('detection', 'service')).toEqual(Array(12).fill(0.004));
    const prompts = records.flatMap((record) =>
      record.type === 'sample' ? Object.entries(record.promptCostsUsd ?? {}) : [],
    );
    const sum = (plugin: string) => prompts.reduce((total, [name, usd]) => total + (name === plugin ? usd : 0), 0);
    expect(sum('rewriter/service')).toBeCloseTo(3 * 2 * 0.01, 10);
    expect(sum('prompt-rater/service')).toBeCloseTo(3 * 2 * 0.001, 10);
  });

  it('are told by plugin while the run works', async () => {
    const events: RunEvent[] = [];
    await runFakeStudy({ generators: [priced(0.04)] }, { onEvent: (event) => events.push(event) });
    const last = events.findLast((event) => event.type === 'progress' && event.phase === 'collect');
    expect(last).toMatchObject({ plugin: 'service', done: 3, costUsd: expect.closeTo(0.12, 10) });
  });
});

describe('a budget', { timeout: 30_000 }, () => {
  const study: Partial<StudyInput> = {
    promptSets: [{ use: 'counted', options: { count: 10 } }],
    generators: [priced(0.04, { concurrency: 8 })],
    safetyJudges: [priced(0.01, { concurrency: 4 })],
  };

  it('stops the run before it is exceeded, keeps what is finished, and goes on with a higher one', async () => {
    await using provider = await startProvider({ latencyMs: 5 });
    const runFolder = join(await temporaryFolder(), 'run');
    const limited = {
      ...study,
      generators: [priced(0.04, { concurrency: 8, url: provider.url })],
      limits: { budgetUsd: 0.25 },
    };
    await expect(runFakeStudy(limited, { runFolder })).rejects.toMatchObject({ code: 'BUDGET_REACHED' });
    const kept = await readRecords(runFolder);
    expect(spent(kept)).toBeCloseTo(0.24, 10);
    // Calls in flight were let end: what was paid for is in the journal.
    expect(provider.answered).toBe(kept.length);
    const manifest = await readFile(join(runFolder, 'manifest.json'), 'utf8');

    await expect(resumeRun({ runFolder, loadAgain: loadFakeAgain })).rejects.toMatchObject({ code: 'BUDGET_REACHED' });
    expect(provider.answered).toBe(kept.length);
    await expect(resumeRun({ runFolder, loadAgain: loadFakeAgain, budgetUsd: 0.43 })).rejects.toMatchObject({
      code: 'BUDGET_REACHED',
      details: { budgetUsd: 0.43 },
    });
    expect(spent(await readRecords(runFolder))).toBeCloseTo(0.43, 10);

    await resumeRun({ runFolder, loadAgain: loadFakeAgain, budgetUsd: 0.5 });
    const all = await readRecords(runFolder);
    expect(all.filter(({ type }) => type === 'sample')).toHaveLength(10);
    expect(all.filter(({ type }) => type === 'verdict')).toHaveLength(10);
    expect(spent(all)).toBeCloseTo(0.5, 10);
    expect(provider.answered).toBe(10);
    // The study, and with it its digest, is what it was.
    expect(await readFile(join(runFolder, 'manifest.json'), 'utf8')).toBe(manifest);
  });

  it.each([
    ['generator', { generators: [priced(0.1, { behaviour: 'hang', concurrency: 1 })] }],
    ['rewriter', { rewriter: priced(0.1, { behaviour: 'hang', concurrency: 1 }), levels: [1] }],
    ['prompt rater', { promptRaters: [priced(0.1, { behaviour: 'hang', concurrency: 1 })] }],
  ])('counts calls of a %s whose time was up, and records no cost of them', async (_, plugin: Partial<StudyInput>) => {
    const runFolder = join(await temporaryFolder(), 'run');
    const limits = { budgetUsd: 0.25, callTimeoutMs: 300, attempts: 1 };
    const ended = await runFakeStudy({ promptSets: study.promptSets!, ...plugin, limits }, { runFolder }).catch(
      (error: unknown) => error,
    );
    expect(ended).toMatchObject({ code: 'BUDGET_REACHED' });
    // Of the two calls that fit, one may still be in flight when the third does not.
    expect((ended as DiptychError).details.spentUsd).toBeGreaterThan(0.09);
    expect(spent(await readRecords(runFolder))).toBe(0);
  });

  it('that is enough changes nothing', async () => {
    const { records } = await runFakeStudy({ ...study, limits: { budgetUsd: 0.5 } });
    expect(spent(records)).toBeCloseTo(0.5, 10);
  });

  it('is told not to hold back a service without a price', async () => {
    const warnings: RunEvent[] = [];
    const options = { url: 'http://service.invalid', behaviour: 'throw' };
    await runFakeStudy(
      { generators: [{ use: 'service', options }], limits: { budgetUsd: 1, attempts: 1 } },
      { onEvent: (event) => event.type === 'warning' && warnings.push(event) },
    );
    expect(warnings[0]).toMatchObject({ plugin: 'service', message: expect.stringContaining('no price') });
  });
});
