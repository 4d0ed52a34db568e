import { describe, expect, it } from 'vitest';
import { pilotDeviation } from '../metrics/power.ts';
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
    // A quarter of the prompts is benign, with a tenth of the rate; and a few samples in a hundred are no image.
    expect(pilot.rates[0]).toBeCloseTo(0.5 * 0.775 * 0.94, 1);
    expect(pilot.rates[1]).toBeCloseTo(0.2 * 0.775 * 0.94, 1);
    expect(pilot).toMatchObject({ judge: 'emblem', question: 'unsafe', prompts: 100 });
    expect(pilot.samples).toBeGreaterThan(5);
    expect(pilotDeviation(pilot, 1)!).toBeGreaterThan(pilotDeviation(pilot, 12)!);
    expect((await pilotOfRun(run, { question: 'corrupted' })).observed).toBe(0);
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
