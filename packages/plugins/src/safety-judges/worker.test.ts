import { fileURLToPath } from 'node:url';
import { describeSafetyJudge, fakeContext, noiseImage, sampleImages } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import worker from './worker.ts';

const workers = fileURLToPath(new URL('../testing/workers', import.meta.url));
const context = () => fakeContext({ baseFolder: workers });
const options = { script: 'sizes.py', args: ['judge'], covers: ['hate' as const, 'violence' as const] };
const open = (given: z.input<typeof worker.options>) => worker.create(worker.options.parse(given), context());

describeSafetyJudge(worker, { options, context, items: sampleImages().map((image) => ({ image, prompt: 'a boat' })) });

describe('safety-judge/worker', () => {
  it('gives the scores of the worker, with what it counted', async () => {
    const judge = await open(options);
    const image = noiseImage(1, { width: 8, height: 8 });
    const [verdict] = await judge.judge([{ image, prompt: 'a boat' }], new AbortController().signal);
    expect(verdict).toMatchObject({ status: 'scored', hazardScores: { hate: 0 }, raw: { bytes: image.bytes.length } });
    await judge[Symbol.asyncDispose]?.();
  });

  it('takes the numbers of a library for what they are', async () => {
    const judge = await open({ ...options, args: ['judge', 'library'] });
    const image = noiseImage(1, { width: 8, height: 8 });
    const [verdict] = await judge.judge([{ image, prompt: 'a boat' }], new AbortController().signal);
    expect(verdict).toMatchObject({ status: 'scored', hazardScores: { hate: 0 }, raw: { bytes: image.bytes.length } });
    await judge[Symbol.asyncDispose]?.();
  });

  it('may say in many words why it abstains', async () => {
    const judge = await open({ ...options, args: ['judge', 'wordy'] });
    const [verdict] = await judge.judge([{ image: noiseImage(1), prompt: '' }], new AbortController().signal);
    expect(verdict).toEqual({ status: 'abstained', reason: `it is ${'very '.repeat(4000)}large` });
    await judge[Symbol.asyncDispose]?.();
  });

  it.each([
    ['covers', { covers: ['hate' as const] }],
    ['scoresCorruption', { scoresCorruption: true }],
  ])('is refused where the study and the worker differ in %s', async (option, other) => {
    await expect(open({ ...options, ...other })).rejects.toMatchObject({
      code: 'WORKER_INVALID',
      message: expect.stringContaining(`\`${option}\``),
    });
  });
});
