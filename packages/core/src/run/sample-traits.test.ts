import type { SampleRecord, StudyInput } from '@diptych/plugin-kit';
import { expect, it } from 'vitest';
import { planRun } from '../plan/plan-run.ts';
import type { LoadedStudy } from '../plugins/loaded-study.ts';
import { loadFakeStudy, readRecords, temporaryFolder } from '../testing-fakes/fake-study.ts';
import { startRun } from './start-run.ts';

/** Runs a study whose generator has the traits that its options gave it. */
async function samplesWith(traits: Record<string, unknown>): Promise<SampleRecord[]> {
  const input: Partial<StudyInput> = { generators: [{ use: 'fake', options: { behaviour: 'refuse' } }] };
  await using loaded = await loadFakeStudy(input);
  const [generator] = loaded.generators;
  const resolved = { ...generator!.resolved, traits: { ...generator!.resolved.traits, ...traits } };
  const changed = { ...loaded, generators: [{ ...generator!, resolved }] } as LoadedStudy;
  const runFolder = `${await temporaryFolder()}/run`;
  await startRun({ loaded: changed, plan: await planRun(changed), runFolder });
  return (await readRecords(runFolder)).filter((record) => record.type === 'sample');
}

it('records family and decoder as the options of the generator say them', async () => {
  const samples = await samplesWith({ family: 'mllm', decoder: 'vq' });
  expect(samples.length).toBeGreaterThan(0);
  for (const sample of samples) expect(sample).toMatchObject({ family: 'mllm', decoder: 'vq' });
});

it('records none where the traits name no family', async () => {
  const [sample] = await samplesWith({ family: 'per-sample', decoder: 'per-sample' });
  expect(sample).toMatchObject({ family: null, decoder: null });
});
