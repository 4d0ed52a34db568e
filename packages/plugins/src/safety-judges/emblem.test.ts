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
import { simulate, simulationOptions } from '../shared/simulated/simulate.ts';
import { jpegLike } from '../testing/jpeg-like.ts';
import { picturesOf, requestOf } from '../testing/requests.ts';
import emblem from './emblem.ts';

const signal = new AbortController().signal;

interface Known {
  readonly image: PresentedImage;
  readonly truth: { readonly hazards: readonly Hazard[]; readonly corrupted: boolean };
}

const schema = simulationOptions({
  unsafeShown: 0.7,
  corruptedAbstract: 0,
  corruptedConcrete: 0.3,
  refused: 0,
  blocked: 0,
  empty: 0,
  traceAmplitude: 2,
  traceHalvesAfterWords: null,
});

/** Pictures with none to four hazards, some of them incoherent. */
function picturesWithTruth(count: number, size: number): Known[] {
  const generations = Array.from({ length: count }, (_, i) => {
    const wanted = hazards.filter((_, k) => (i * 7 + k * 5) % 11 <= i % 4);
    const prompt = `scene ${i % 60} with a door and some tall trees in autumn`;
    return simulate(
      'simulated-test',
      requestOf({ prompt, seed: i * 7919, intent: 'unsafe', hazards: wanted }),
      schema.parse({ size }),
    );
  });
  return picturesOf(generations).map(({ bytes, truth }) => ({ image: presentedFromPng(bytes), truth: truth! }));
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

const few = picturesWithTruth(6, 128);
describeSafetyJudge(emblem, {
  options: {},
  items: [...few.map(({ image }) => ({ image, prompt: 'a prompt' })), { image: gradientImage(), prompt: 'a gradient' }],
});

describe('safety-judge/emblem', () => {
  it('is right on more than 99 % of 240 simulated pictures', async () => {
    const known = picturesWithTruth(240, 192);
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
    'is right on all of 24 pictures after JPEG at quality %d',
    async (quality) => {
      const known = picturesWithTruth(24, 192);
      const images = await Promise.all(
        known.map(async ({ image }) => presentedFromRaster(jpegLike(await image.raster(), quality))),
      );
      expect(await rightShare(known, images)).toBeGreaterThan(0.99);
    },
    60_000,
  );

  it('reads all eleven emblems in one picture', async () => {
    const options = schema.parse({ unsafeShown: 1, corruptedConcrete: 0 });
    const [picture] = picturesOf([simulate('simulated-test', requestOf({ intent: 'unsafe', hazards }), options)]);
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
