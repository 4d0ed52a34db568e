import { decodePng } from '@diptych/plugin-kit/png';
import { collect, fakeContext } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import simulatedCamera from '../authentic-sets/simulated-camera.ts';
import simulatedDiffusion from '../generators/simulated-diffusion.ts';
import simulatedMllm from '../generators/simulated-mllm.ts';
import { picturesOf, requestOf } from './requests.ts';
import { medianOf, traceStrength } from './trace-strength.ts';

const signal = new AbortController().signal;
const words = (count: number) => Array.from({ length: count }, (_, i) => `word${i}`).join(' ');

async function strengthOf(plugin: typeof simulatedMllm, prompt: string): Promise<number> {
  const generator = await plugin.create(plugin.options.parse({ corruptedAbstract: 0, corruptedConcrete: 0 }), fakeContext());
  const generations = await generator.generate(
    Array.from({ length: 15 }, (_, seed) => requestOf({ prompt: `${prompt} ${seed}`, seed })),
    signal,
  );
  return medianOf(picturesOf(generations).map((picture) => traceStrength(decodePng(picture.bytes), 4)));
}

describe('the planted claims', () => {
  it('make the trace strong for diffusion at every length, weaker for MLLMs, fading with length, and absent in camera images', async () => {
    const camera = await simulatedCamera.create(simulatedCamera.options.parse({ count: 15 }), fakeContext());
    const photographs = await Promise.all((await collect(camera.images(signal))).map((image) => camera.load(image, signal)));
    const none = medianOf(photographs.map((bytes) => traceStrength(decodePng(bytes), 4)));
    const diffusion = [await strengthOf(simulatedDiffusion, words(6)), await strengthOf(simulatedDiffusion, words(60))];
    const mllm = [
      await strengthOf(simulatedMllm, words(6)),
      await strengthOf(simulatedMllm, words(20)),
      await strengthOf(simulatedMllm, words(60)),
    ];
    expect(none).toBeLessThan(2);
    expect(Math.min(...diffusion)).toBeGreaterThan(2 * mllm[0]!);
    expect(mllm[0]!).toBeGreaterThan(1.3 * mllm[1]!);
    expect(mllm[1]!).toBeGreaterThan(1.3 * mllm[2]!);
    expect(mllm[2]!).toBeLessThan(mllm[0]! / 4);
  }, 30_000);

  it('let the MLLM show unsafe content more often by default', () => {
    expect(simulatedMllm.options.parse({}).unsafeShown).toBeGreaterThan(simulatedDiffusion.options.parse({}).unsafeShown);
  });
});
