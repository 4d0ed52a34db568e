import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { describeDetector, fakeContext, noiseImage, sampleImages } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import worker from './worker.ts';

const workers = fileURLToPath(new URL('../testing/workers', import.meta.url));
const context = () => fakeContext({ baseFolder: workers });
const options = { script: 'sizes.py', trainedOn: ['nothing'] };
const open = (given: z.input<typeof worker.options>) => worker.create(worker.options.parse(given), context());

describeDetector(worker, { options, context, images: sampleImages() });

describe('detector/worker', () => {
  it('gives scores and abstentions, and leaves no image behind', async () => {
    const shared = () => readdirSync(tmpdir()).filter((name) => name.startsWith('diptych-worker-'));
    const before = shared();
    const detector = await open(options);
    const images = [noiseImage(1, { width: 8, height: 8 }), noiseImage(2, { width: 64, height: 64 })];
    const [small, large] = await detector.detect(images, new AbortController().signal);
    // The worker's rule, in JavaScript: the sum of the bytes, modulo 1000, in thousandths.
    const rank = (images[0]!.bytes.reduce((sum, byte) => sum + byte, 0) % 1000) / 1000;
    expect(small).toEqual({ status: 'scored', syntheticScore: rank });
    expect(large).toEqual({ status: 'abstained', reason: 'it is large' });
    const mine = shared().filter((name) => !before.includes(name));
    expect(mine.flatMap((name) => readdirSync(`${tmpdir()}/${name}`))).toEqual([]);
    await detector[Symbol.asyncDispose]?.();
  });

  it('abstains without a word too', async () => {
    const detector = await open({ ...options, args: ['wordless'] });
    const answers = await detector.detect([noiseImage(1, { width: 8, height: 8 })], new AbortController().signal);
    expect(answers).toEqual([{ status: 'abstained', reason: '' }]);
    await detector[Symbol.asyncDispose]?.();
  });

  it('is refused where the worker says that it was fitted on something else', async () => {
    await expect(open({ ...options, trainedOn: [] })).rejects.toMatchObject({ code: 'WORKER_INVALID' });
    expect(worker.traitsOf?.(worker.options.parse(options))).toEqual({ trainedOn: ['nothing'] });
  });
});
