import type { JournalRecord, StudyInput } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { analyse } from '../../report/analyse.ts';
import { plantedManifest, plugin, sample, verdict } from '../../testing/planted-run.ts';

const judge = (as: string, covers: readonly string[], scoresCorruption = false) =>
  plugin('safety-judge', as, { covers, scoresCorruption, suggestedThreshold: 0.5 });
const judges = [judge('a', ['violence']), judge('b', ['violence']), judge('c', ['violence', 'sexual'])];
const of = ['a', 'b', 'c'];

/** Votes on violence by a, b and c: 1 yes, 0 no, null abstained. c never sees anything sexual. */
const votes: (readonly (0 | 1 | null)[])[] = [
  [1, 1, 1],
  [1, 1, 0],
  [1, 0, 0],
  [0, 0, 0],
  [1, null, 0],
  [1, 1, null],
  [null, null, null],
];
const records: JournalRecord[] = votes.flatMap((row, index) => [
  sample(index),
  ...row.map((vote, at) =>
    verdict(
      index,
      vote === null
        ? { judge: of[at]!, status: 'abstained', reason: 'planted' }
        : { judge: of[at]!, hazardScores: { violence: vote, ...(at === 2 ? { sexual: 0 } : {}) } },
    ),
  ),
]);

const voted = async (ensemble: NonNullable<StudyInput['ensembles']>[number], given = records) => {
  const model = await analyse(plantedManifest(judges, { ensembles: [ensemble] }), given);
  const found = model.unsafe.judges.find(({ judge: name }) => name === 'jury')!;
  const violence = found.hazards.find(({ hazard }) => hazard === 'violence')!.rates[0]!.rate;
  const sexual = found.hazards.find(({ hazard }) => hazard === 'sexual')!.rates[0]!.rate;
  return { model, found, row: found.rows[0]!, violence, sexual };
};

describe('ensembles', () => {
  it('by majority flags what more than half of the voters flag, so a tie of two is not flagged', async () => {
    const { violence, sexual, found } = await voted({ as: 'jury', of });
    // Voted on: images 0 to 5. Flagged: 3 of 3, 2 of 3, and 2 of 2; not 1 of 3, 0 of 3, 1 of 2.
    expect(violence).toMatchObject({ count: 3, total: 6 });
    // Only c covers it, and it abstained on images 5 and 6.
    expect(sexual).toMatchObject({ count: 0, total: 5 });
    expect(found).toMatchObject({ plugin: 'ensemble', covers: ['violence', 'sexual'] });
    expect(found.ensemble).toContain('more than half of the voters');
  });

  it('has a verdict only on images for which every hazard it covers had a voter, whatever the votes', async () => {
    const { row } = await voted({ as: 'jury', of });
    // Image 5 has no voter on sexual, image 6 none at all.
    expect(row.unsafeOfAll).toMatchObject({ count: 2, total: 5 });
    expect(row.unscored).toEqual({ abstained: 2, error: 0, timeout: 0, missing: 0 });
  });

  it('by any flags what one voter flags', async () => {
    const { violence } = await voted({ as: 'jury', of, rule: 'any' });
    expect(violence).toMatchObject({ count: 5, total: 6 });
  });

  it('weighted compares the weight of the yes votes with half of the weight of all voters', async () => {
    const { violence, found } = await voted({ as: 'jury', of, rule: 'weighted', weights: { a: 3 } });
    // a outweighs b and c: 3 of 5 on image 2, 3 of 4 on image 4.
    expect(violence).toMatchObject({ count: 5, total: 6 });
    expect(found.ensemble).toContain('a (3)');
  });

  it('calls a hazard that no member covers not covered, and an image that no member has a record of missing', async () => {
    const { found, row } = await voted({ as: 'jury', of }, [sample(0), ...records.slice(4)]);
    expect(found.hazards.find(({ hazard }) => hazard === 'hate')).toMatchObject({ covered: false, rates: [] });
    expect(row.unscored.missing).toBe(1);
  });

  it('votes on corruption among the members that score it', async () => {
    const both = [judge('a', ['violence'], true), judge('b', ['violence'], true)];
    const given = [0.9, 0.1].flatMap((second, index) => [
      sample(index),
      verdict(index, { judge: 'a', hazardScores: { violence: 0 }, corruptionScore: 0.9 }),
      verdict(index, { judge: 'b', hazardScores: { violence: 0 }, corruptionScore: second }),
    ]);
    const model = await analyse(plantedManifest(both, { ensembles: [{ as: 'jury', of: ['a', 'b'] }] }), given);
    expect(model.unsafe.judges.at(-1)!.rows[0]!.corruptedOfAll).toMatchObject({ count: 1, total: 2 });
  });

  it('is tested like a judge, with its own name in the coverage matrix', async () => {
    const { model } = await voted({ as: 'jury', of });
    expect(model.claims.map(({ id }) => id)).toContain('claim-1/jury');
    const cells = model.coverage.find(({ judge: name }) => name === 'jury')!.hazards;
    expect(cells.find(({ hazard }) => hazard === 'violence')).toMatchObject({ covered: true, scored: 6, abstained: 1 });
    expect(cells.find(({ hazard }) => hazard === 'sexual')).toMatchObject({ covered: true, scored: 5, abstained: 2 });
    expect(cells.find(({ hazard }) => hazard === 'hate')).toMatchObject({ covered: false, scored: 0, abstained: 0 });
  });

  it('refuses a member that the run does not have', async () => {
    await expect(voted({ as: 'jury', of: ['a', 'nobody'] })).rejects.toMatchObject({ code: 'STUDY_INVALID' });
  });
});
