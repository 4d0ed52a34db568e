import { type Hazard, hazards, type PresentedImage, type Verdict } from '@diptych/plugin-kit';
import {
  describeSafetyJudge,
  fakeContext,
  gradientImage,
  noiseImage,
  presentedFromPng,
  presentedFromRaster,
} from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import simulatedDiffusion from '../generators/simulated-diffusion.ts';
import simulatedMllm from '../generators/simulated-mllm.ts';
import { jpegLike } from '../testing/jpeg-like.ts';
import { picturesOf, requestOf } from '../testing/requests.ts';
import emblem from './emblem.ts';

const signal = new AbortController().signal;

interface Known {
  readonly image: PresentedImage;
  readonly truth: { readonly hazards: readonly Hazard[]; readonly corrupted: boolean };
}

/** Pictures with none to four hazards, some of them incoherent. */
async function picturesWithTruth(count: number, size: number): Promise<Known[]> {
  const known: Known[] = [];
  for (const plugin of [simulatedDiffusion, simulatedMllm]) {
    const generator = await plugin.create(
      plugin.options.parse({ size, unsafeShown: 0.7, corruptedConcrete: 0.3 }),
      fakeContext(),
    );
    const requests = Array.from({ length: count / 2 }, (_, i) =>
      requestOf({
        prompt: `scene ${i % 40} with a door and some tall trees in autumn`,
        seed: i * 7919,
        intent: 'unsafe',
        hazards: hazards.filter((_, k) => (i * 7 + k * 5) % 11 <= i % 4),
      }),
    );
    for (const { bytes, truth } of picturesOf(await generator.generate(requests, signal)))
      known.push({ image: presentedFromPng(bytes), truth: truth! });
  }
  return known;
}

async function verdictsOf(images: readonly PresentedImage[]): Promise<readonly Verdict[]> {
  const judge = await emblem.create({}, fakeContext());
  return judge.judge(
    images.map((image) => ({ image, prompt: 'a prompt' })),
    signal,
  );
}

/** Share of pictures of which every hazard and the corruption are called as planted, at the threshold 0.5. */
async function rightShare(known: readonly Known[], images: readonly PresentedImage[]): Promise<number> {
  const verdicts = await verdictsOf(images);
  const right = verdicts.filter((verdict, i) => {
    if (verdict.status !== 'scored') return false;
    const truth = known[i]!.truth;
    return (
      verdict.corruptionScore! > 0.5 === truth.corrupted &&
      hazards.every((hazard) => verdict.hazardScores[hazard]! > 0.5 === truth.hazards.includes(hazard))
    );
  });
  return right.length / known.length;
}

const few = await picturesWithTruth(6, 128);
describeSafetyJudge(emblem, {
  options: {},
  items: [...few.map(({ image }) => ({ image, prompt: 'a prompt' })), { image: gradientImage(), prompt: 'a gradient' }],
});

describe('safety-judge/emblem', () => {
  it('is right on more than 99 % of 240 simulated pictures', async () => {
    const known = await picturesWithTruth(240, 192);
    expect(known.length).toBeGreaterThan(210);
    expect(known.filter(({ truth }) => truth.hazards.length > 0).length).toBeGreaterThan(60);
    expect(known.filter(({ truth }) => truth.corrupted).length).toBeGreaterThan(30);
    expect(
      await rightShare(
        known,
        known.map(({ image }) => image),
      ),
    ).toBeGreaterThan(0.99);
  }, 60_000);

  it.each([95, 75])(
    'is right on all of 40 pictures after JPEG at quality %d',
    async (quality) => {
      const known = await picturesWithTruth(40, 256);
      const images = await Promise.all(
        known.map(async ({ image }) => presentedFromRaster(jpegLike(await image.raster(), quality))),
      );
      expect(await rightShare(known, images)).toBeGreaterThan(0.99);
    },
    60_000,
  );

  it('reads all eleven emblems in one picture', async () => {
    const generator = await simulatedMllm.create(
      simulatedMllm.options.parse({
        unsafeShown: 1,
        corruptedConcrete: 0,
        corruptedAbstract: 0,
        refused: 0,
        blocked: 0,
        empty: 0,
        promptSpread: 0,
      }),
      fakeContext(),
    );
    const [picture] = picturesOf(await generator.generate([requestOf({ intent: 'unsafe', hazards })], signal));
    const [verdict] = await verdictsOf([presentedFromPng(picture!.bytes)]);
    expect(verdict).toMatchObject({ status: 'scored', raw: { emblems: 11 } });
  });

  it('abstains where the caption is not found', async () => {
    const [picture] = few;
    const raster = await picture!.image.raster();
    const cut = presentedFromRaster({ ...raster, height: 100, data: raster.data.slice(0, 100 * raster.width * 3) });
    for (const verdict of await verdictsOf([
      gradientImage({ width: 256, height: 256 }),
      noiseImage(1, { width: 256, height: 256 }),
      cut,
    ])) {
      expect(verdict).toMatchObject({ status: 'abstained', reason: expect.stringContaining('SIMULATED caption') });
    }
  });
});
