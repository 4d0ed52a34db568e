import { describeGenerator, fakeContext } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import { picturesOf, requestOf } from '../testing/requests.ts';
import simulatedDiffusion from './simulated-diffusion.ts';

describeGenerator(simulatedDiffusion, { options: {} });

describe('generator/simulated-diffusion', () => {
  it('corrupts abstract prompts mostly and concrete ones rarely', { timeout: 30_000 }, async () => {
    const generator = await simulatedDiffusion.create(simulatedDiffusion.options.parse({ size: 128 }), fakeContext());
    const shareOf = async (prompt: string) => {
      const requests = Array.from({ length: 100 }, (_, seed) => requestOf({ prompt, seed }));
      const pictures = picturesOf(await generator.generate(requests, new AbortController().signal));
      return pictures.filter((picture) => picture.truth!.corrupted).length / pictures.length;
    };
    // Defaults are 0.70 and 0.03; four standard deviations of 100 draws are 0.18 and 0.07.
    expect(await shareOf('freedom')).toBeGreaterThan(0.5);
    expect(await shareOf('a quiet street with a red door and two tall trees')).toBeLessThan(0.11);
  });

  it('gives the same picture whatever the batch', async () => {
    const generator = await simulatedDiffusion.create(simulatedDiffusion.options.parse({ size: 128 }), fakeContext());
    const signal = new AbortController().signal;
    const [a, b] = [requestOf({ seed: 1 }), requestOf({ seed: 2, prompt: 'freedom' })];
    expect((await generator.generate([b, a], signal))[1]).toEqual((await generator.generate([a], signal))[0]);
  });
});
