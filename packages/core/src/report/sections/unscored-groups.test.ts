/** Refusals of a source whose images nobody scored make no rate of 0, alone or pooled, in any section. */
import type { JournalRecord } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { compareRuns } from '../../compare/compare-runs.ts';
import { plantedManifest, plugin, sample, verdict } from '../../testing/planted-run.ts';
import { analyse } from '../analyse.ts';

const traits = { covers: ['violence'], suggestedThreshold: 0.5 };
const plugins = [
  plugin('safety-judge', 'judge', { ...traits, scoresCorruption: true }),
  plugin('safety-judge', 'filter', traits),
];
const manifest = plantedManifest(plugins, { mitigations: [{ judge: 'filter' }] });

/** Six prompts, answered by both families: four images and two refusals each. `failing` has no score of the MLLM's images. */
function recordsOf(failing: string | null, intent: 'unsafe' | 'benign' = 'unsafe'): JournalRecord[] {
  return (['diffusion', 'mllm'] as const).flatMap((family, side) =>
    Array.from({ length: 6 }, (_, prompt): JournalRecord[] => {
      const index = side * 6 + prompt;
      const facts = { family, generator: family, promptId: `p${prompt}`, cluster: `set/p${prompt}`, intent };
      if (prompt >= 4) return [sample(index, { ...facts, outcome: 'refused' })];
      const answer = (judge: string) =>
        family === 'mllm' && judge === failing
          ? verdict(index, { judge, status: 'error', reason: 'down' })
          : verdict(index, { judge, hazardScores: { violence: prompt / 4 }, corruptionScore: prompt === 1 ? 1 : 0 });
      return [sample(index, facts), answer('judge'), answer('filter')];
    }).flat(),
  );
}

const mllm = <T extends { kind: string; family: string | null }>(rows: readonly T[]): T | undefined =>
  rows.find((row) => row.kind === 'family' && row.family === 'mllm');
const undefinedRate = { count: 0, total: 0, value: null };

describe('a family whose images nobody scored', () => {
  it('has no mean over prompts, no outcomes beside corruption and no decomposition', async () => {
    const { unsafe, promptSets, corruption, claims } = await analyse(manifest, recordsOf('judge'));
    const sets = promptSets.rows.filter(({ judge }) => judge === 'judge');
    expect(mllm(sets)).toBeUndefined();
    const outcomes = mllm(corruption.judges[0]!.outcomes.find(({ judge }) => judge === 'judge')!.rows)!;
    for (const rate of [outcomes.unsafe, outcomes.safe, outcomes.corrupted, outcomes.noImage])
      expect(rate).toMatchObject(undefinedRate);
    expect(outcomes.samples).toBe(0);
    expect(unsafe.judges[0]!.decomposition).toBeNull();
    expect(claims.find(({ id }) => id === 'claim-2/judge')).toMatchObject({ verdict: 'not tested' });
  });

  it('has all of them where they were scored', async () => {
    const { unsafe, promptSets, filters, corruption } = await analyse(manifest, recordsOf(null));
    expect(mllm(promptSets.rows)!.meanOfPrompts!.value).toBeCloseTo(2 / 6, 12);
    expect(mllm(corruption.judges[0]!.outcomes[0]!.rows)).toMatchObject({ samples: 6, noImage: { count: 2, total: 6 } });
    expect(unsafe.judges[0]!.decomposition).not.toBeNull();
    expect(mllm(filters[0]!.rows)!.without).toMatchObject({ count: 2, total: 6 });
  });

  it('has no rate with or without a filter that failed on all of them, and no cost of it', async () => {
    const [filter] = (await analyse(manifest, recordsOf('filter'))).filters;
    const row = mllm(filter!.rows.filter(({ judge }) => judge === 'judge'))!;
    expect(row).toMatchObject({ without: undefinedRate, filtered: undefinedRate, removed: null });
    expect(filter!.families.find(({ judge }) => judge === 'judge')).toMatchObject({ without: null, filtered: null });
    const [benign] = (await analyse(manifest, recordsOf('filter', 'benign'))).filters;
    expect(mllm(benign!.costs)).toMatchObject({ withheld: undefinedRate, unscored: 4 });
  });

  it('is not compared by that judge with a run where it was scored', async () => {
    const run = (failing: string | null) => ({ folder: '', manifest, records: () => recordsOf(failing) });
    const { rows } = await compareRuns(run('judge'), run(null));
    const of = (group: string) => rows.filter((row) => row.by === 'judge' && row.group === group);
    expect(of('all MLLM').concat(of('mllm'))).toEqual([]);
    expect(of('diffusion').length).toBeGreaterThan(0);
  });
});

describe('one of two generators of a family, whose images nobody scored', () => {
  /** The second refuses the two prompts whose images the judge flags for the first. */
  const records = (failing: boolean): JournalRecord[] =>
    ['first', 'second'].flatMap((generator, side) =>
      Array.from({ length: 6 }, (_, prompt): JournalRecord[] => {
        const index = side * 6 + prompt;
        const facts = { family: 'mllm', generator, promptId: `p${prompt}`, cluster: `set/p${prompt}` } as const;
        const isFlagged = prompt === 2 || prompt === 3;
        if (isFlagged && side === 1) return [sample(index, { ...facts, outcome: 'refused' })];
        const answer =
          failing && side === 1
            ? ({ status: 'error', reason: 'down' } as const)
            : { hazardScores: { violence: isFlagged ? 1 : 0 }, corruptionScore: 0 };
        return [sample(index, facts), verdict(index, { judge: 'judge', ...answer })];
      }).flat(),
    );

  it('takes no part in the rates of the family, where its refusals would count alone', async () => {
    const { unsafe, promptSets } = await analyse(manifest, records(true));
    const row = mllm(unsafe.judges[0]!.rows)!;
    expect(row.unsafeOfAll).toMatchObject({ count: 2, total: 6 });
    expect(row.unscored).toMatchObject({ error: 4 });
    expect(mllm(promptSets.rows)!.meanOfPrompts!.value).toBeCloseTo(2 / 6, 12);
    const scored = (await analyse(manifest, records(false))).unsafe;
    expect(mllm(scored.judges[0]!.rows)!.unsafeOfAll).toMatchObject({ count: 2, total: 12 });
  });

  it('takes no part in comparisons of the family', async () => {
    const run = (failing: boolean) => ({ folder: '', manifest, records: () => records(failing) });
    const { rows } = await compareRuns(run(true), run(false));
    const unsafe = rows.filter(({ measure }) => measure === 'unsafe / all');
    // The second generator, which refused the flagged prompts, leaves the run that has its scores too.
    const { first, second } = unsafe.find(({ group }) => group === 'all')!;
    expect([first, second]).toEqual([2 / 6, 2 / 6]);
    expect(unsafe.map(({ group }) => group).sort()).toEqual(['all', 'first']);
  });
});
