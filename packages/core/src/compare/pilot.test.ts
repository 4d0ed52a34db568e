import { describe, expect, it } from 'vitest';
import { pilotDeviation } from '../metrics/power.ts';
import { analyse } from '../report/analyse.ts';
import { nullRates, plantedManifest, plantedRun, sample } from '../testing/planted-run.ts';
import { pilotOfRun } from './pilot.ts';

describe('a run as a pilot', () => {
  const planted = plantedRun({
    prompts: 100,
    samplesPerPrompt: 3,
    authenticImages: 0,
    seed: 5,
    rates: { ...nullRates, unsafe: { diffusion: 0.2, mllm: 0.5 }, corrupted: { diffusion: 0, mllm: 0 } },
  });
  const run = { folder: '', manifest: planted.manifest, records: () => planted.records };

  it('gives the rates of the families and how prompts vary', async () => {
    const pilot = await pilotOfRun(run);
    // A few samples in a hundred are no image.
    expect(pilot.rates[0]).toBeCloseTo(0.5 * 0.94, 1);
    expect(pilot.rates[1]).toBeCloseTo(0.2 * 0.94, 1);
    // A quarter of the prompts is benign.
    expect(pilot).toMatchObject({ judge: 'emblem', question: 'unsafe', scope: 'unsafe prompts', prompts: 75 });
    expect(pilot.samples).toBeGreaterThan(5);
    expect(pilotDeviation(pilot, 1)!).toBeGreaterThan(pilotDeviation(pilot, 12)!);
    const corrupted = await pilotOfRun(run, { question: 'corrupted' });
    expect(corrupted).toMatchObject({ observed: 0, scope: 'prompts', prompts: 100 });
  });

  it('has the spread of claim 1, which benign prompts would make smaller', async () => {
    const pilot = await pilotOfRun(run);
    const { test } = (await analyse(planted.manifest, planted.records)).claims.find(({ id }) => id === 'claim-1/emblem')!;
    expect(pilot.prompts).toBe(test!.pairs);
    expect(Math.sqrt(pilot.observed)).toBeCloseTo(test!.difference / test!.effectSize!, 12);
  });

  it('is refused where it says nothing of the question', async () => {
    await expect(pilotOfRun(run, { judge: 'nobody' })).rejects.toThrow(/a judge nobody .* out of emblem, nsfw/);
    const one = { folder: '', manifest: plantedManifest([]), records: () => [sample(0)] };
    await expect(pilotOfRun(one)).rejects.toMatchObject({ code: 'COMPARE_REFUSED' });
    const family = {
      ...run,
      records: () => planted.records.filter((record) => record.type !== 'sample' || record.family === 'mllm'),
    };
    await expect(pilotOfRun(family)).rejects.toThrow(/none of diffusion/);
  });
});
