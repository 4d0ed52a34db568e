import { openRuntime } from '@diptych/gpu-kernels';
import { describeDetector, fakeContext, gradientImage, noiseImage, solidImage } from '@diptych/plugin-kit/testing';
import { afterAll, describe, expect, it, vi } from 'vitest';
import spectrum from './spectrum.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const runtime = await openRuntime();
afterAll(() => runtime[Symbol.asyncDispose]());

describeDetector(spectrum, {
  options: { side: 128 },
  images: [
    gradientImage({ width: 160, height: 128 }),
    noiseImage(1, { width: 128, height: 200 }),
    noiseImage(2, { width: 100, height: 200 }),
    solidImage([200, 40, 90], { width: 256, height: 256 }),
  ],
  context: () => fakeContext({ runtime }),
});

describe('spectrum', () => {
  it('abstains on images smaller than its crop, with both sizes in the reason', async () => {
    const detector = await spectrum.create(spectrum.options.parse({}), fakeContext({ runtime }));
    const [detection] = await detector.detect([noiseImage(3, { width: 255, height: 400 })], new AbortController().signal);
    expect(detection).toMatchObject({ status: 'abstained', reason: expect.stringMatching(/255 × 400.*256 × 256/) });
    await detector[Symbol.asyncDispose]?.();
  });

  it('names one feature for each band and was trained on nothing', () => {
    expect(spectrum.features).toHaveLength(64);
    expect(spectrum.trainedOn).toEqual([]);
  });
});
