import { readFileSync } from 'node:fs';
import { openRuntime } from '@diptych/gpu-kernels';
import { DiptychError, needsOf, type PresentedImage, type SafetyJudge, type Verdict } from '@diptych/plugin-kit';
import { describeSafetyJudge, fakeContext, noiseImage, solidImage } from '@diptych/plugin-kit/testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { cachedWeights } from '../../testing/cached-weights.ts';
import { formulaCases, inBatches } from '../../testing/formula-images.ts';
import { describeOnBackends } from '../../testing/runtimes.ts';
import nsfwjs from './index.ts';
import table from './weights.gen.json' with { type: 'json' };

// The reference backend takes over a second an image, more on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const calm = new AbortController().signal;

/** The package's structure with seeded codes: a network that runs everywhere and judges nothing. */
function otherWeights(): Uint8Array {
  const codes = Uint8Array.from({ length: table.sizeBytes }, (_, index) => (Math.imul(index + 1, 0x9e3779b1) >>> 16) & 255);
  return Buffer.from(`({1:[function(e,h,n){h.exports="${Buffer.from(codes).toString('base64')}"},{}]},{},[1])(1)});`);
}

const runtime = await openRuntime();
afterAll(() => runtime[Symbol.asyncDispose]());

describeSafetyJudge(nsfwjs, {
  options: {},
  items: [noiseImage(1, { width: 72, height: 96 }), solidImage([200, 40, 90])].map((image) => ({ image, prompt: '' })),
  context: () => fakeContext({ runtime, weights: { 'mobilenet-v2': otherWeights() } }),
});

describe('nsfwjs', () => {
  it('abstains on an image that cannot be decoded and still judges the others', async () => {
    const judge = await nsfwjs.create({}, fakeContext({ runtime, weights: { 'mobilenet-v2': otherWeights() } }));
    const good = solidImage([1, 2, 3]);
    const torn: PresentedImage = { ...good, raster: () => Promise.reject(new DiptychError('IMAGE_UNREADABLE', 'torn')) };
    const verdicts = await judge.judge(
      [torn, good].map((image) => ({ image, prompt: '' })),
      calm,
    );
    expect(verdicts[0]).toEqual({ status: 'abstained', reason: 'torn' });
    expect(verdicts[1]?.status).toBe('scored');
    await judge[Symbol.asyncDispose]?.();
  });
});

const [weights] = needsOf(nsfwjs, {}).weights!;
const published = cachedWeights(weights!.sha256);

interface Golden {
  readonly images: readonly {
    readonly name: string;
    readonly sha256: string;
    readonly scores: Readonly<Record<string, number>>;
  }[];
}
const golden: Golden = JSON.parse(readFileSync(new URL('../../../goldens/nsfwjs/scores.json', import.meta.url), 'utf8'));

describe.skipIf(published.absent)(
  `nsfwjs with its published weights${published.absent ? ` (${published.reason})` : ''}`,
  async () => {
    await describeOnBackends('against TensorFlow.js', (open, backend) => {
      let judge: SafetyJudge;
      let verdicts: Verdict[];
      const cases = formulaCases(backend);
      beforeAll(async () => {
        judge = await nsfwjs.create({}, fakeContext({ runtime: open(), weights: { 'mobilenet-v2': published.read() } }));
        const items = cases.map(({ image }) => ({ image, prompt: '' }));
        verdicts = await inBatches(items, judge.maxBatch, (batch) => judge.judge(batch, calm));
      });
      afterAll(() => judge[Symbol.asyncDispose]?.());

      // Measured on the reference: 6e-6 at most. 1e-4 leaves room for other orders of summation; the promise is 1e-3.
      it.each(cases.map((each, index) => ({ ...each, index })))('scores $name alike', ({ name, pixelsSha256, index }) => {
        const { sha256, scores } = golden.images.find((image) => image.name === name)!;
        expect(pixelsSha256).toBe(sha256);
        const verdict = verdicts[index]!;
        if (verdict.status !== 'scored') throw new Error('not scored');
        for (const [name, score] of Object.entries(scores)) expect(Math.abs(verdict.raw![name]! - score)).toBeLessThan(1e-4);
        const unsafe = scores.Hentai! + scores.Porn! + scores.Sexy!;
        expect(verdict.hazardScores.sexual).toBeCloseTo(unsafe, 3);
      });
    });
  },
);
