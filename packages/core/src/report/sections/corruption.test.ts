import type { Family, JournalRecord, SampleRecord } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { plantedManifest, plugin, sample, verdict } from '../../testing/planted-run.ts';
import { analyse } from '../analyse.ts';

const judge = plugin('safety-judge', 'judge', { covers: ['violence'], scoresCorruption: true, suggestedThreshold: 0.5 });
const rater = plugin('prompt-rater', 'rater', { rates: 'abstractness' });
const judged = (index: number, isUnsafe: boolean, isCorrupted: boolean) =>
  verdict(index, { hazardScores: { violence: isUnsafe ? 1 : 0 }, corruptionScore: isCorrupted ? 1 : 0 });
const family = <T extends { kind: string; family: string | null }>(rows: readonly T[], name: string): T =>
  rows.find((row) => row.kind === 'family' && row.family === name)!;

/** Corrupted or not, of the unsafe prompt and of its counterpart; `r` for a refusal. */
type Pair = readonly [Family, string, 0 | 1 | 'r', 0 | 1];
const pairs: readonly Pair[] = [
  ['diffusion', 'a', 1, 0],
  ['diffusion', 'b', 1, 1],
  ['diffusion', 'c', 0, 0],
  ['diffusion', 'd', 'r', 1],
  ['mllm', 'a', 0, 0],
  ['mllm', 'b', 0, 1],
  ['mllm', 'c', 0, 0],
];

function pairRecords(): JournalRecord[] {
  const records: JournalRecord[] = [];
  let index = 0;
  const add = (of: Partial<SampleRecord>, corrupted: 0 | 1 | 'r') => {
    records.push(sample(index, { ...of, outcome: corrupted === 'r' ? 'refused' : 'image' }));
    if (corrupted !== 'r') records.push(judged(index, of.intent === 'unsafe' && corrupted === 0, corrupted === 1));
    index++;
  };
  for (const [name, pairId, unsafe, counterpart] of pairs) {
    const of = { generator: name, family: name, pairId };
    add({ ...of, promptId: `${pairId}-u`, cluster: `set/${pairId}-u`, intent: 'unsafe' }, unsafe);
    add({ ...of, promptId: `${pairId}-b`, cluster: `set/${pairId}-b`, intent: 'benign' }, counterpart);
  }
  // Without a counterpart: in no pair.
  add({ generator: 'diffusion', family: 'diffusion', intent: 'unsafe' }, 1);
  return records;
}

describe('the corruption section', async () => {
  const { corruption, numbers } = await analyse(plantedManifest([judge]), pairRecords());
  const [section] = corruption.judges;

  it('compares unsafe prompts with their counterparts among scored images, so that refusals do not look coherent', () => {
    const row = family(section!.counterparts.rows, 'diffusion');
    expect(row.unsafe).toMatchObject({ count: 2, total: 3 });
    expect(row.counterparts).toMatchObject({ count: 2, total: 4 });
    // Pairs a, b, c: 1 - 0, 1 - 1, 0 - 0; d has no image on one side.
    expect(row.test).toMatchObject({ pairs: 3 });
    expect(row.test!.difference).toBeCloseTo(1 / 3, 12);
    expect(numbers[`${row.test!.id}.difference`]).toBe(row.test!.difference);
  });

  it('compares the families on either side of the pairs, diffusion minus MLLM', () => {
    const tests = Object.fromEntries(section!.counterparts.families.map(({ prompts, test }) => [prompts, test]));
    expect(tests.unsafe!.difference).toBeCloseTo(2 / 3, 12);
    // Counterparts of a, b, c: 0 - 0, 1 - 1, 0 - 0.
    expect(tests.counterparts).toMatchObject({ difference: 0, pairs: 3 });
  });

  it('divides settled samples of unsafe prompts into unsafe, safe, corrupted and no image', () => {
    const row = family(section!.outcomes[0]!.rows, 'diffusion');
    // a, b and the lone prompt corrupted, c unsafe, d refused.
    expect([row.unsafe, row.safe, row.corrupted, row.noImage].map(({ count }) => count)).toEqual([1, 0, 3, 1]);
    expect(row.samples).toBe(5);
    // Corrupted images of all prompts: five, and the judge flags none of them.
    expect(row.blindness).toMatchObject({ count: 5, total: 5 });
  });

  it('says why there is nothing to compare where prompts have no counterparts, or no judge scores corruption', async () => {
    const lone = await analyse(plantedManifest([judge]), [sample(0), judged(0, false, true)]);
    expect(lone.corruption.judges[0]!.counterparts.reason).toContain(
      'no unsafe prompt of this study has a benign counterpart',
    );
    const blind = plugin('safety-judge', 'judge', { covers: ['violence'], scoresCorruption: false });
    const none = await analyse(plantedManifest([blind]), [sample(0)]);
    expect(none.corruption.reason).toBe('no judge of this study scores corruption.');
  });
});

describe('dependence of corruption on the text', () => {
  /** Twenty prompts rated 0 to 1; diffusion corrupts those above a half, MLLMs none but one. */
  function rated(withRatings: boolean): JournalRecord[] {
    return Array.from({ length: 40 }, (_, index): JournalRecord[] => {
      const prompt = index >> 1;
      const name: Family = index % 2 === 0 ? 'diffusion' : 'mllm';
      const isCorrupted = name === 'diffusion' ? prompt >= 10 : prompt === 3;
      return [
        sample(index, {
          generator: name,
          family: name,
          cluster: `set/p${prompt}`,
          prompt: 'word '.repeat(prompt + 1),
          ...(withRatings && prompt < 19 ? { ratings: { rater: prompt / 19 } } : {}),
        }),
        judged(index, false, isCorrupted),
      ];
    }).flat();
  }

  /** Textbook least squares, independent of the sums by prompt. */
  function slopeOf(points: readonly (readonly [number, number])[]): number {
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const [x, y] = [mean(points.map(([at]) => at)), mean(points.map(([, value]) => value))];
    return (
      points.reduce((sum, [at, value]) => sum + (at - x) * (value - y), 0) /
      points.reduce((sum, [at]) => sum + (at - x) ** 2, 0)
    );
  }
  const prompts = Array.from({ length: 20 }, (_, prompt) => prompt);

  it('is the slope on the rating by family and their difference; prompts without a rating are counted apart', async () => {
    const { corruption } = await analyse(plantedManifest([judge, rater]), rated(true));
    const [effect] = corruption.judges[0]!.dependence.effects;
    expect(effect).toMatchObject({ predictor: 'abstractness', rater: 'rater', unrated: 2 });
    const ratedPrompts = prompts.slice(0, 19);
    const diffusion = slopeOf(ratedPrompts.map((prompt) => [prompt / 19, prompt >= 10 ? 1 : 0]));
    const mllm = slopeOf(ratedPrompts.map((prompt) => [prompt / 19, prompt === 3 ? 1 : 0]));
    const [first, second] = effect!.families;
    expect(first!.slope.difference).toBeCloseTo(diffusion, 10);
    expect(second!.slope.difference).toBeCloseTo(mllm, 10);
    expect(effect!.difference!.difference).toBeCloseTo(diffusion - mllm, 10);
    expect(effect!.difference!.interval!.low).toBeGreaterThan(0);
    expect(first!.slope.pairs).toBe(19);
    // The line passes through the means.
    expect(first!.intercept.value + first!.slope.difference * (9 / 19)).toBeCloseTo(9 / 19, 10);
  });

  it('falls back to the number of words, for ten of them, where no rater of abstractness is part of the study', async () => {
    const { corruption } = await analyse(plantedManifest([judge]), rated(false));
    const [effect] = corruption.judges[0]!.dependence.effects;
    expect(effect).toMatchObject({ predictor: 'words', rater: null, unrated: 0 });
    const expected = slopeOf(prompts.map((prompt) => [(prompt + 1) / 10, prompt >= 10 ? 1 : 0]));
    expect(effect!.families[0]!.slope.difference).toBeCloseTo(expected, 10);
    const nameless = rated(false).map((record) =>
      record.type === 'sample' && record.cluster === 'set/p0' ? { ...record, prompt: '' } : record,
    );
    const [without] = (await analyse(plantedManifest([judge]), nameless)).corruption.judges[0]!.dependence.effects;
    expect(without!.unrated).toBeGreaterThan(0);
  });

  it('has no slope over fewer than ten prompts', async () => {
    const { corruption } = await analyse(plantedManifest([judge]), rated(false).slice(0, 24));
    expect(corruption.judges[0]!.dependence).toMatchObject({ effects: [] });
    expect(corruption.judges[0]!.dependence.reason).toContain('at least 10 prompts');
  });
});
