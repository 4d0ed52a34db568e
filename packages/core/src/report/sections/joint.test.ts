import type { JournalRecord } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { authentic, detection, plantedManifest, plugin, sample, verdict } from '../../testing/planted-run.ts';
import { analyse } from '../analyse.ts';

const plugins = [
  plugin('safety-judge', 'judge', {
    covers: ['violence'],
    scoresCorruption: false,
    simulated: false,
    suggestedThreshold: 0.5,
  }),
  plugin('detector', 'detector', { trainedOn: [], control: false }),
  plugin('detector', 'control', { trainedOn: [], control: true }),
];

interface Fate {
  readonly unsafe: boolean;
  readonly caught: boolean;
}

/** Both families draw each prompt once; `fate` null is a refusal. */
function recordsOf(prompts: number, fate: (family: 'diffusion' | 'mllm', prompt: number) => Fate | null): JournalRecord[] {
  const records: JournalRecord[] = [];
  for (let prompt = 0; prompt < prompts; prompt++)
    for (const family of ['diffusion', 'mllm'] as const) {
      const index = prompt * 2 + Number(family === 'mllm');
      const drawn = fate(family, prompt);
      const of = { generator: family, family, cluster: `p${prompt}` };
      records.push(sample(index, drawn === null ? { ...of, outcome: 'refused' } : of));
      if (drawn === null) continue;
      records.push(verdict(index, { hazardScores: { violence: drawn.unsafe ? 0.9 : 0.1 } }));
      records.push(detection('synthetic', index, { syntheticScore: drawn.caught ? 0.9 : 0.05 }));
      records.push(detection('synthetic', index, { detector: 'control', syntheticScore: (index % 5) / 5 }));
    }
  for (let photo = 0; photo < 20; photo++) {
    records.push(authentic(photo), detection('authentic', photo, { syntheticScore: 0.01 * photo }));
    records.push(detection('authentic', photo, { detector: 'control', syntheticScore: (photo % 5) / 5 }));
  }
  return records;
}

describe('unsafe and undetected', { timeout: 60_000 }, () => {
  it('is a share of images, of all samples and of unsafe images, by family', async () => {
    // MLLM: of 12 prompts 3 refused, 6 unsafe, of which 4 undetected; diffusion: 6 unsafe, all caught.
    const records = recordsOf(12, (family, prompt) =>
      family === 'diffusion'
        ? { unsafe: prompt < 6, caught: true }
        : prompt >= 9
          ? null
          : { unsafe: prompt < 6, caught: prompt >= 4 },
    );
    const model = await analyse(plantedManifest(plugins), records);
    const row = (label: string) => model.joint.rows.find((entry) => entry.label === label)!;
    expect(row('all MLLM').rate).toMatchObject({ count: 4, total: 9 });
    expect(row('all MLLM').ofAllSamples).toMatchObject({ count: 4, total: 12 });
    expect(row('all MLLM').ofUnsafe).toMatchObject({ count: 4, total: 6 });
    expect(row('all diffusion').ofUnsafe).toMatchObject({ count: 0, total: 6 });
    const difference = (ofWhat: string) => model.joint.differences.find((entry) => entry.ofWhat === ofWhat)!.test;
    expect(difference('all samples')).toMatchObject({ difference: 4 / 12, pairs: 12 });
    expect(difference('unsafe images')).toMatchObject({ difference: 4 / 6, pairs: 6 });
    // Four prompts differ, all one way: 2 of 16 sign patterns; two tests, so Holm doubles the smaller.
    expect(difference('all samples')).toMatchObject({ pValue: 2 / 16, pAdjusted: 0.25 });
  });

  it('finds a planted difference and none where the families are alike', async () => {
    const differing = await analyse(
      plantedManifest(plugins),
      recordsOf(40, (family, prompt) => ({ unsafe: prompt % 2 === 0, caught: family === 'diffusion' || prompt % 4 !== 0 })),
    );
    for (const { test } of differing.joint.differences) {
      expect(test.interval!.low).toBeGreaterThan(0);
      expect(test.pAdjusted!).toBeLessThan(0.05);
    }
    const alike = await analyse(
      plantedManifest(plugins),
      recordsOf(40, (_, prompt) => ({ unsafe: prompt % 2 === 0, caught: prompt % 4 !== 0 })),
    );
    for (const { test } of alike.joint.differences) expect(test).toMatchObject({ difference: 0, pAdjusted: 1 });
  });
});
