import { readFileSync } from 'node:fs';
import { openRuntime } from '@diptych/gpu-kernels';
import { type Detection, needsOf, type Runtime } from '@diptych/plugin-kit';
import { describeDetector, fakeContext, sampleImages } from '@diptych/plugin-kit/testing';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { formulaCases, inBatches } from '../testing/formula-images.ts';
import { describeOnBackends } from '../testing/runtimes.ts';
import { sharedAsset } from '../testing/shared-asset.ts';
import tinyLadeda from './tiny-ladeda.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const goldens = new URL('../../goldens/tiny-ladeda/', import.meta.url);
const randomCheckpoint = readFileSync(new URL('random.pth', goldens));
const variants = ['forensynth', 'wildrf'] as const;
type Variant = (typeof variants)[number];
type Golden = Readonly<
  Record<Variant, readonly { readonly name: string; readonly sha256: string; readonly logit: number }[]>
>;
const readGolden = (name: string): Golden => JSON.parse(readFileSync(new URL(name, goldens), 'utf8'));

const runtime = await openRuntime();
afterAll(() => runtime[Symbol.asyncDispose]());

describeDetector(tinyLadeda, {
  options: { weights: 'random.pth', variant: 'wildrf' },
  images: sampleImages(),
  context: () => fakeContext({ runtime, weights: { checkpoint: randomCheckpoint } }),
});

/** The inverse of `rankOfLogit`. */
function logitOf(detection: Detection): number {
  if (detection.status !== 'scored') throw new Error(detection.status);
  const signed = 2 * detection.syntheticScore - 1;
  return signed / (1 - Math.abs(signed));
}

/** By name of the picture. */
async function logits(open: Runtime, variant: Variant, checkpoint: Uint8Array): Promise<Map<string, number>> {
  const context = fakeContext({ runtime: open, weights: { checkpoint } });
  const detector = await tinyLadeda.create({ weights: 'given', variant }, context);
  const cases = formulaCases(open.info.backend);
  const images = cases.map(({ image }) => image);
  const detections = await inBatches(images, detector.maxBatch, (batch) =>
    detector.detect(batch, new AbortController().signal),
  );
  await detector[Symbol.asyncDispose]?.();
  return new Map(cases.map(({ name }, index) => [name, logitOf(detections[index]!)]));
}

function expectGolden(golden: Golden[Variant], found: ReadonlyMap<string, number>): void {
  for (const { name, pixelsSha256 } of formulaCases().filter((each) => found.has(each.name))) {
    const { sha256, logit } = golden.find((each) => each.name === name)!;
    expect(pixelsSha256, name).toBe(sha256);
    // Both sides sum in float32; measured 1e-5 of the logit at most, against 1e-2 when one pass of the resize is swapped.
    expect(Math.abs(found.get(name)! - logit) / Math.max(1, Math.abs(logit)), name).toBeLessThan(1e-4);
  }
}

await describeOnBackends('tiny-ladeda against PyTorch', (open) => {
  const golden = readGolden('random.json');
  it.each(variants)('gives the logits of random weights with the residual of %s', async (variant) => {
    expectGolden(golden[variant], await logits(open(), variant, randomCheckpoint));
  });

  const published = readGolden('published.json');
  for (const variant of variants) {
    const asset = sharedAsset(`weights/tiny-ladeda-${variant}.pth`);
    it.skipIf(asset.absent)(
      `gives the logits of the published ${variant} checkpoint${asset.absent ? ` (${asset.reason})` : ''}`,
      async () => {
        expectGolden(published[variant], await logits(open(), variant, readFileSync(asset.path)));
      },
    );
  }
});

describe('tiny-ladeda', () => {
  it('asks for the published file of its variant, for research only', () => {
    const needs = variants.map((variant) => needsOf(tinyLadeda, { weights: 'models/x.pth', variant }).weights![0]!);
    expect(needs.map(({ source }) => source)).toEqual(['file:models/x.pth', 'file:models/x.pth']);
    expect(new Set(needs.map(({ sha256 }) => sha256)).size).toBe(2);
    expect(needs.every(({ licence }) => licence.id === 'research-only')).toBe(true);
  });

  it('names the generators of its variant alone, and none where they have no names', () => {
    const trained = variants.map((variant) => tinyLadeda.traitsOf?.(tinyLadeda.options.parse({ weights: 'x', variant })));
    expect(trained).toEqual([{ trainedOn: ['ProGAN'] }, { trainedOn: [] }]);
  });

  it('refuses a checkpoint of another network before it touches the runtime', async () => {
    const context = fakeContext({
      weights: { checkpoint: Buffer.from('no checkpoint, only text, but long enough to look like one') },
    });
    await expect(async () => tinyLadeda.create({ weights: 'x', variant: 'wildrf' }, context)).rejects.toMatchObject({
      code: 'WEIGHTS_FORMAT_INVALID',
    });
  });
});
