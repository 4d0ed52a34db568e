import type { JournalRecord, Manifest } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { mcnemarExact } from '../metrics/mcnemar.ts';
import { createRandom } from '../metrics/random.ts';
import type { ReportedRun } from '../report/reported-run.ts';
import {
  authentic,
  detection,
  nullRates,
  plantedManifest,
  plantedRun,
  plugin,
  sample,
  verdict,
} from '../testing/planted-run.ts';
import { type Comparison, compareRuns } from './compare-runs.ts';

const asRun = ({ manifest, records }: { manifest: Manifest; records: JournalRecord[] }): ReportedRun => ({
  folder: '',
  manifest,
  records: () => records,
});
const rowOf = ({ rows }: Comparison, measure: string, by: string, group: string) =>
  rows.find((row) => row.measure === measure && row.by === by && row.group === group)!;

/** Runs share their photographs, and what detectors say of them. */
const photographs = plantedRun({
  prompts: 1,
  samplesPerPrompt: 1,
  authenticImages: 60,
  seed: 77,
  rates: nullRates,
}).records.filter((record) => record.type === 'authentic' || (record.type === 'detection' && record.side === 'authentic'));

function planted(seed: number, unsafe = 0.3, mean = 0.5): ReportedRun {
  const { manifest, records } = plantedRun({
    prompts: 80,
    samplesPerPrompt: 2,
    authenticImages: 0,
    seed,
    rates: {
      ...nullRates,
      unsafe: { diffusion: unsafe, mllm: unsafe },
      scores: { diffusion: mean, mllm: mean, authentic: 0.5 },
    },
  });
  return asRun({
    manifest: { ...manifest, planned: { ...manifest.planned, authentic: 60 } },
    records: [...records, ...photographs],
  });
}

// Several whole runs or reports each; nothing is timed.
describe('two runs over the same prompts', { timeout: 60_000 }, () => {
  it('differ where a difference was planted, with the right sign', async () => {
    const comparison = await compareRuns(planted(1, 0.2, 0.45), planted(2, 0.5, 0.6));
    expect(comparison).toMatchObject({ sharedPrompts: 80, firstOnlyPrompts: 0, secondOnlyPrompts: 0, otherTexts: 0 });
    const unsafe = rowOf(comparison, 'unsafe / all', 'emblem', 'all');
    expect(unsafe.difference).toBeLessThan(-0.1);
    expect(unsafe.interval!.high).toBeLessThan(0);
    expect(unsafe.pAdjusted).toBeLessThan(0.05);
    expect(unsafe.pAdjusted).toBeGreaterThanOrEqual(unsafe.pValue!);
    expect(unsafe.mcnemar).toBeNull();
    expect(
      rowOf(comparison, 'AUROC', 'spectrum, as-received', 'all mllm'.replace('mllm', 'MLLM')).interval!.high,
    ).toBeLessThan(0);
    expect(rowOf(comparison, 'mean synthetic score', 'spectrum, as-received', 'diffusion-a').difference).toBeCloseTo(
      -0.15,
      1,
    );
  });

  it('do not differ where nothing was planted', async () => {
    const { rows } = await compareRuns(planted(1), planted(2));
    expect(rows.length).toBeGreaterThan(40);
    expect(rows.filter(({ pAdjusted }) => pAdjusted !== null && pAdjusted < 0.05)).toEqual([]);
  });

  it('have as AUROC the mean over prompts of wins over the photographs', async () => {
    const run = planted(3, 0.3, 0.6);
    const records = run.records() as JournalRecord[];
    const scores = (side: string) =>
      new Map(
        records.flatMap((record) =>
          record.type === 'detection' &&
          record.side === side &&
          record.detector === 'spectrum' &&
          record.protocol === 'as-received'
            ? [[record.index, record.syntheticScore!] as const]
            : [],
        ),
      );
    const [synthetic, photos] = [scores('synthetic'), [...scores('authentic').values()]];
    const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    const wins = (score: number): number => mean(photos.map((other) => (score > other ? 1 : score === other ? 0.5 : 0)));
    const byPrompt = Map.groupBy(
      records.filter((record) => record.type === 'sample' && record.outcome === 'image' && record.family === 'diffusion'),
      (record) => (record as { promptId: string }).promptId,
    );
    const expected = mean([...byPrompt.values()].map((of) => mean(of.map(({ index }) => wins(synthetic.get(index)!)))));
    const { first } = rowOf(await compareRuns(run, run), 'AUROC', 'spectrum, as-received', 'all diffusion');
    expect(first).toBeCloseTo(expected, 12);
  });

  it('are equal to themselves, with no interval and nothing to test', async () => {
    const { rows } = await compareRuns(planted(1), planted(1));
    expect(new Set(rows.map(({ difference }) => difference))).toEqual(new Set([0]));
    expect(new Set(rows.map(({ pValue }) => pValue))).toEqual(new Set([1]));
    expect(rows.every(({ interval, promptsNeeded }) => interval === null && promptsNeeded === null)).toBe(true);
  });
});

/** One image a prompt; the judge flags where `flagged` says so. */
function judgedRun(
  name: string,
  flagged: readonly boolean[],
  more: { promptSet?: string; text?: string } = {},
): ReportedRun {
  const records = flagged.flatMap((isFlagged, index) => [
    sample(index, { prompt: more.text ?? 'a lighthouse', promptSet: more.promptSet ?? 'set' }),
    verdict(index, { judge: name, hazardScores: { violence: isFlagged ? 0.9 : 0.1 } }),
  ]);
  const facts = { covers: ['violence'], scoresCorruption: false, simulated: false, suggestedThreshold: 0.5 };
  return asRun({ manifest: { ...plantedManifest([plugin('safety-judge', name, facts)]), id: name }, records });
}

describe('two judges on one image a prompt', () => {
  const { nextFloat } = createRandom(1);
  const first = Array.from({ length: 40 }, () => nextFloat() < 0.5);
  const second = first.map((value, index) => (index % 4 === 0 ? true : value));

  it('are paired though their names differ, and have McNemar’s test too', async () => {
    const comparison = await compareRuns(judgedRun('old', first), judgedRun('new', second));
    const row = rowOf(comparison, 'unsafe / all', 'old = new', 'painter');
    const turned = second.filter((value, index) => value && !first[index]).length;
    expect(row.difference).toBeCloseTo(-turned / 40, 12);
    expect(row.mcnemar).toBeCloseTo(mcnemarExact(0, turned), 12);
    // Sign-flip over binary pairs is McNemar's exact test.
    expect(row.pValue).toBeCloseTo(row.mcnemar!, 12);
    expect(row.promptsNeeded).toBeGreaterThan(40);
    expect(comparison.differing).toEqual(['safety-judge/new', 'safety-judge/old']);
  });

  it('say how many prompts only one of them has, and whose text is another', async () => {
    const comparison = await compareRuns(
      judgedRun('a', first),
      judgedRun('a', second.slice(0, 30), { text: 'a longer text' }),
    );
    expect(comparison).toMatchObject({ sharedPrompts: 30, firstOnlyPrompts: 10, secondOnlyPrompts: 0, otherTexts: 30 });
    expect(rowOf(comparison, 'unsafe / all', 'a', 'painter').pairs).toBe(30);
  });

  it('are not compared without a shared prompt, or by a name that is not there', async () => {
    await expect(compareRuns(judgedRun('a', first), judgedRun('a', first, { promptSet: 'other' }))).rejects.toMatchObject({
      code: 'COMPARE_REFUSED',
      message: expect.stringMatching(/none of 40 .* is among 40/),
    });
    await expect(compareRuns(judgedRun('a', first), judgedRun('b', first), { judges: { a: 'c' } })).rejects.toThrow(
      /judge a in the first run and c in the second/,
    );
  });
});

it('does not compare over other photographs, or heads that each run fits for itself', async () => {
  const run = planted(1);
  const { rows, notes } = await compareRuns(
    run,
    asRun({ manifest: run.manifest, records: [...(run.records() as JournalRecord[]).slice(0, -1), authentic(99)] }),
  );
  expect(notes.join(' ')).toMatch(/other authentic images.*spectrum-fitted: fitted anew/);
  expect(rows.some(({ measure }) => measure === 'mean synthetic score')).toBe(true);
  expect(rows.some(({ measure, by }) => measure === 'AUROC' || by.includes('fitted'))).toBe(false);
});

it('takes the levels of a prompt as one cluster', async () => {
  const run = (score: number): ReportedRun => {
    const records = Array.from({ length: 40 }, (_, index) => [
      sample(index, { promptId: `p${index >> 1}`, cluster: `set/p${index >> 1}`, level: index % 2 }),
      detection('synthetic', index, { syntheticScore: score + (index % 7) / 100 }),
    ]).flat();
    const photos = [0, 1, 2, 3].flatMap((index) => [
      authentic(index),
      detection('authentic', index, { syntheticScore: 0.3 + index / 10 }),
    ]);
    const detector = plugin('detector', 'detector', { trainedOn: [], control: false });
    return asRun({ manifest: plantedManifest([detector]), records: [...records, ...photos] });
  };
  const comparison = await compareRuns(run(0.5), run(0.4));
  expect(comparison.sharedPrompts).toBe(40);
  const row = rowOf(comparison, 'mean synthetic score', 'detector, as-received', 'painter');
  expect(row).toMatchObject({ pairs: 20, mcnemar: null });
  expect(row.difference).toBeCloseTo(0.1, 12);
});
