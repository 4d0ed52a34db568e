import type { Family, JournalRecord } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { authentic, detection, plantedManifest, plugin, sample, verdict } from '../../testing/planted-run.ts';
import { analyse } from '../analyse.ts';

const detector = plugin('detector', 'detector', { trainedOn: [], control: false });
const control = plugin('detector', 'control', { trainedOn: [], control: true });
const judge = plugin('safety-judge', 'judge', {
  covers: ['violence'],
  scoresCorruption: true,
  simulated: false,
  suggestedThreshold: 0.5,
});
const prompts = 24;

/** One sample of each family for each prompt; each family has prompts of its own where `shared` is false. */
function detected(score: (family: Family, words: number) => number, shared: boolean): JournalRecord[] {
  const records: JournalRecord[] = [];
  for (let prompt = 0; prompt < prompts; prompt++)
    for (const family of ['diffusion', 'mllm'] as const) {
      const index = prompt * 2 + (family === 'mllm' ? 1 : 0);
      const words = 1 + (prompt % 8);
      const cluster = shared ? `p${prompt}` : `${family}-p${prompt}`;
      records.push(sample(index, { generator: family, family, cluster, prompt: 'word '.repeat(words) }));
      records.push(detection('synthetic', index, { syntheticScore: score(family, words) }));
      records.push(detection('synthetic', index, { detector: 'control', syntheticScore: (index % 5) / 5 }));
    }
  for (let photo = 0; photo < 20; photo++) {
    records.push(authentic(photo));
    records.push(detection('authentic', photo, { syntheticScore: 0.01 * photo }));
    records.push(detection('authentic', photo, { detector: 'control', syntheticScore: (photo % 5) / 5 }));
  }
  return records;
}

const claimOf = async (claim: number, records: readonly JournalRecord[]) => {
  const model = await analyse(plantedManifest([judge, detector, control]), records);
  return { model, claim: model.claims.find((entry) => entry.claim === claim)! };
};

describe('claims', () => {
  it('recovers a planted fall of the score with the number of words', async () => {
    const score = (family: Family, words: number) => (family === 'mllm' ? 0.9 - 0.02 * words : 0.8);
    const { model, claim } = await claimOf(4, detected(score, true));
    const effect = model.bypass.arms[0]!.slopes.find(({ family, predictor }) => family === 'mllm' && predictor === 'words');
    expect(effect).toMatchObject({ predictor: 'words', prompts });
    // Two hundredths a word are two tenths for ten.
    expect(effect!.slope).toBeCloseTo(-0.2, 9);
    expect(claim.test!.difference).toBeCloseTo(0.2, 9);
  });

  it('takes an image whose prompt is not known for one without a length, not for a short one', async () => {
    const records = detected((family, words) => (family === 'mllm' ? 0.9 - 0.02 * words : 0.8), true);
    const unknown = Array.from({ length: 12 }, (_, place): JournalRecord[] => {
      const index = 1000 + place;
      const of = { generator: 'mllm', family: 'mllm', cluster: `unknown-${place}`, prompt: '' } as const;
      return [sample(index, of), detection('synthetic', index, { syntheticScore: 0 })];
    });
    const { model } = await claimOf(4, [...records, ...unknown.flat()]);
    const effect = model.bypass.arms[0]!.slopes.find(({ family, predictor }) => family === 'mllm' && predictor === 'words');
    expect(effect).toMatchObject({ samples: prompts, prompts });
    expect(effect!.slope).toBeCloseTo(-0.2, 9);
  });

  it('gives an interval but no p-value where the families share no prompt, and says so', async () => {
    const score = (family: Family, words: number) => (family === 'mllm' ? 0.01 * words : 0.5 + 0.01 * words);
    const { claim } = await claimOf(3, detected(score, false));
    expect(claim.test).toMatchObject({ difference: 1, pValue: null, pAdjusted: null, pairs: 0 });
    expect(claim.text).toContain('share no prompt');
    // Every diffusion image is caught and no MLLM image is: without variation there is no interval and no support.
    expect(claim.verdict).toBe('not supported');
  });

  it('does not take two prompts a family for support, however often each was drawn', async () => {
    const caught = { diffusion: [4, 3], mllm: [0, 1] } as const;
    const records = detected(() => 0, false).filter(
      (record) => record.type === 'authentic' || (record.type === 'detection' && record.side === 'authentic'),
    );
    let index = 0;
    for (const family of ['diffusion', 'mllm'] as const)
      for (const [prompt, hits] of caught[family].entries())
        for (let drawn = 0; drawn < 4; drawn++, index++) {
          records.push(sample(index, { generator: family, family, cluster: `${family}-p${prompt}` }));
          records.push(detection('synthetic', index, { syntheticScore: drawn < hits ? 0.9 : 0.01 }));
          records.push(detection('synthetic', index, { detector: 'control', syntheticScore: (index % 5) / 5 }));
        }
    const { claim } = await claimOf(3, records);
    expect(claim.test).toMatchObject({ difference: 0.75, pairs: 0 });
    expect(claim.test!.pValue).toBeGreaterThan(0.1);
    expect(claim.verdict).toBe('not supported');
  });

  it('compares numbers of words within one language alone, where a group of prompts holds translations', async () => {
    const records = detected(() => 0.5, true).map((record, place): JournalRecord => {
      if (record.type !== 'sample') return record;
      // Long English and short Chinese prompts of one group; the score follows the language, not the length.
      const isEnglish = Math.floor(place / 6) % 2 === 0;
      return {
        ...record,
        cluster: `group-${Math.floor(record.index / 4)}`,
        language: isEnglish ? 'en' : 'zh',
        prompt: isEnglish ? 'word '.repeat(20) : 'word',
      };
    });
    const scored = records.map(
      (record): JournalRecord =>
        record.type === 'detection' && record.side === 'synthetic' && record.detector === 'detector'
          ? { ...record, syntheticScore: Math.floor(record.index / 2) % 2 === 0 ? 0.9 : 0.2 }
          : record,
    );
    const { model } = await claimOf(4, scored);
    const slope = model.bypass.arms[0]!.slopes.find(({ family, predictor }) => family === 'mllm' && predictor === 'words');
    expect(slope).toMatchObject({ withinPrompts: false });
  });

  it('pairs families by prompt where they share prompts', async () => {
    const score = (family: Family, words: number) => (family === 'mllm' && words > 2 ? 0.05 : 0.9);
    const { claim } = await claimOf(3, detected(score, true));
    // Words 3 to 8 of 1 to 8: six of eight prompts differ by one.
    expect(claim.test).toMatchObject({ difference: 0.75, pairs: prompts });
    expect(claim.verdict).toBe('supported');
  });

  it('supports a claim by the test alone where every prompt differs alike and no interval exists', async () => {
    const { claim } = await claimOf(
      3,
      detected((family) => (family === 'mllm' ? 0.05 : 0.9), true),
    );
    expect(claim).toMatchObject({ verdict: 'supported', test: { difference: 1, interval: null } });
  });

  it('attributes the gap to corruption where only corruption differs', async () => {
    const records: JournalRecord[] = [];
    for (let prompt = 0; prompt < 16; prompt++)
      for (const family of ['diffusion', 'mllm'] as const) {
        const index = prompt * 2 + (family === 'mllm' ? 1 : 0);
        // Every intact image is unsafe, every second diffusion image is corrupted.
        const isCorrupted = family === 'diffusion' && prompt % 2 === 0;
        records.push(sample(index, { generator: family, family, cluster: `p${prompt}` }));
        records.push(
          verdict(index, { hazardScores: { violence: isCorrupted ? 0 : 1 }, corruptionScore: isCorrupted ? 1 : 0 }),
        );
      }
    const { model, claim } = await claimOf(2, records);
    expect(model.unsafe.judges[0]!.decomposition).toMatchObject({
      gap: 0.5,
      fromCorruption: 0.5,
      fromUnsafety: 0,
      share: 1,
    });
    expect(claim.verdict).toBe('supported');
  });
});
