import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SampleRecord } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { loadFakeAgain, readRecords, runFakeStudy, samplesOf } from '../testing-fakes/fake-study.ts';
import { startProvider } from '../testing-fakes/simulated-provider.ts';
import { resumeRun } from './start-run.ts';

describe('ratings and lengths of prompts', { timeout: 30_000 }, () => {
  it('stand in every sample, each text rated once by each rater', async () => {
    await using provider = await startProvider({ latencyMs: 1 });
    const { records } = await runFakeStudy({
      samplesPerPrompt: 3,
      levels: [0, 1],
      rewriter: 'longer',
      generators: ['fake', { use: 'fake', as: 'other' }],
      promptRaters: [{ use: 'service', as: 'words', options: { url: provider.url } }],
    });
    const samples = samplesOf(records);
    expect(samples).toHaveLength(2 * 3 * 2 * 3);
    for (const { prompt, level, ratings, promptLength, rewrittenBy } of samples) {
      expect(rewrittenBy).toBe(level === 0 ? undefined : 'test');
      expect(ratings).toEqual({ words: prompt.length / 100 });
      expect(promptLength?.tokenizer).toBe('o200k_base');
      expect(promptLength?.words).toBe(prompt.replaceAll(',', '').split(' ').length);
      expect(promptLength?.tokens).toBeGreaterThanOrEqual(promptLength!.words);
    }
    expect(provider.answered).toBe(3 * 2);
  });

  it('leave out what a rater abstains from or fails at, and say why', async () => {
    const { records } = await runFakeStudy({
      promptRaters: [
        { use: 'service', as: 'some', options: { behaviour: 'abstain-on-even' } },
        { use: 'service', as: 'broken', options: { behaviour: 'throw' } },
      ],
    });
    for (const { promptId, ratings, warnings } of samplesOf(records)) {
      const isEven = Number(promptId.slice(1)) % 2 === 0;
      expect(Object.keys(ratings!)).toEqual(isEven ? [] : ['some']);
      expect(warnings).toContain('broken gave no rating: the service fell over');
      expect(warnings?.includes('some abstained: knows no word')).toBe(isEven);
    }
  });

  it('are taken over by a resumed run, not asked for again', async () => {
    await using provider = await startProvider({ latencyMs: 1 });
    const { runFolder, records } = await runFakeStudy({
      samplesPerPrompt: 2,
      promptRaters: [{ use: 'service', options: { url: provider.url, behaviour: 'abstain-on-even' } }],
    });
    expect(provider.answered).toBe(3);
    // One sample of every prompt is left; its sister must say the same.
    const path = join(runFolder, 'journal.jsonl');
    const lines = (await readFile(path, 'utf8')).trim().split('\n');
    await writeFile(path, '');
    for (const line of lines) if ((JSON.parse(line) as SampleRecord).index % 2 === 0) await appendFile(path, `${line}\n`);
    await resumeRun({ runFolder, loadAgain: loadFakeAgain });
    expect(provider.answered).toBe(3);
    const facts = (all: typeof records) =>
      new Map(
        samplesOf(all).map(({ index, ratings, warnings, promptLength }) => [index, { ratings, warnings, promptLength }]),
      );
    expect(new Map(facts(await readRecords(runFolder)))).toEqual(new Map(facts(records)));
  });
});
