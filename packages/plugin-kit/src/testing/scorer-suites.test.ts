import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Detection, type Detector, defineDetector } from '../detector.ts';
import type { PresentedImage } from '../image.ts';
import { defineSafetyJudge, type SafetyJudge, type Verdict } from '../safety-judge.ts';
import { checkDetector, describeDetector } from './detector-suite.ts';
import { checkSafetyJudge, describeSafetyJudge } from './safety-judge-suite.ts';
import { sampleImages } from './test-images.ts';

function unlessAborted<T>(signal: AbortSignal, value: T): T {
  signal.throwIfAborted();
  return value;
}

const images = sampleImages();
const meanOf = async (image: PresentedImage) => {
  const { data } = await image.raster();
  return data.reduce((sum, value) => sum + value, 0) / data.length / 255;
};

const sound: Detector = {
  maxBatch: 3,
  async detect(batch, signal) {
    signal.throwIfAborted();
    return Promise.all(
      batch.map(async (image): Promise<Detection> => ({ status: 'scored', syntheticScore: await meanOf(image) })),
    );
  },
};
const detector = (make: () => Detector, features?: readonly string[]) =>
  defineDetector({
    name: 'mean-brightness',
    summary: 'Scores the mean brightness.',
    options: z.strictObject({}),
    trainedOn: [],
    control: true,
    ...(features === undefined ? {} : { features }),
    create: make,
  });
const constant = (score: number): Detector => ({
  maxBatch: 3,
  detect: async (batch, signal) =>
    unlessAborted(
      signal,
      batch.map(() => ({ status: 'scored', syntheticScore: score })),
    ),
});

describeDetector(
  detector(() => sound),
  { options: {}, images },
);

describe('checkDetector', () => {
  let calls = 0;
  const broken: [name: string, make: () => Detector, fault: string][] = [
    [
      'too few results',
      () => ({ ...sound, detect: async (batch, signal) => (await sound.detect(batch, signal)).slice(1) }),
      'results',
    ],
    [
      'a mixed-up batch',
      () => ({ ...sound, detect: async (batch, signal) => (await sound.detect(batch, signal)).toReversed() }),
      'in a batch and alone differ',
    ],
    ['a score above 1', () => constant(1.01), 'expected 0 to 1'],
    ['NaN', () => constant(Number.NaN), 'syntheticScore is NaN'],
    [
      'random scores',
      () => ({
        ...sound,
        detect: async (batch, signal) =>
          unlessAborted(
            signal,
            batch.map(() => ({ status: 'scored', syntheticScore: ++calls / 1e6 })),
          ),
      }),
      'is deterministic: two calls',
    ],
    [
      'an ignored signal',
      () => ({ ...sound, detect: (batch) => sound.detect(batch, new AbortController().signal) }),
      'rejects when aborted',
    ],
    [
      'no empty batch',
      () => ({
        ...sound,
        detect: async (batch, signal) => {
          if (batch.length === 0) throw new Error('nothing');
          return sound.detect(batch, signal);
        },
      }),
      'accepts an empty batch: It threw: nothing',
    ],
    [
      'an empty reason',
      () => ({ maxBatch: 3, detect: async (batch) => batch.map(() => ({ status: 'abstained', reason: '' })) }),
      'without a reason',
    ],
    [
      'features it does not name',
      () => ({ maxBatch: 3, detect: async (batch) => batch.map(() => ({ status: 'features', features: [1] })) }),
      'the trait `features` is absent',
    ],
    ['a batch of none', () => ({ ...sound, maxBatch: 0 }), 'maxBatch is 0'],
    [
      'writing into the pixels',
      () => ({
        ...sound,
        async detect(batch, signal) {
          for (const image of batch) (await image.raster()).data[0]! ^= 1;
          return sound.detect(batch, signal);
        },
      }),
      'was changed by the call',
    ],
  ];

  it.each(broken)('finds %s', async (_, make, fault) => {
    expect((await checkDetector(detector(make), { options: {}, images: sampleImages() })).join('\n')).toContain(fault);
  });

  it('finds a feature list of another length and features that are not finite', async () => {
    const measured: Detector = {
      maxBatch: 3,
      detect: async (batch) => batch.map(() => ({ status: 'features', features: [Number.NaN] })),
    };
    const faults = async (features: string[]) =>
      (
        await checkDetector(
          detector(() => measured, features),
          { options: {}, images },
        )
      ).join('\n');
    expect(await faults(['a', 'b'])).toContain('it has 1 features, the trait names 2');
    expect(await faults(['a'])).toContain('feature a is NaN');
  });

  it('finds faulty metadata', async () => {
    const plugin = {
      ...detector(() => sound),
      name: 'Mean Brightness',
      summary: 'mean',
      apiVersion: 2 as 1,
      options: z.object({}),
      needs: { weights: [{ name: 'w', source: 'ftp:x', sha256: '00', licence: { id: '' } }], hosts: ['https://a.b'] },
    };
    const faults = (await checkDetector(plugin, { options: {}, images })).join('\n');
    for (const part of [
      'kebab-case',
      'one sentence',
      'apiVersion is 2',
      'unknown option',
      'SHA-256',
      'unknown source',
      'licence id',
      'bare host name',
    ])
      expect(faults).toContain(part);
  });
});

const verdict: Verdict = { status: 'scored', hazardScores: { violence: 0.25, hate: 0.5 }, corruptionScore: 0.1 };
const judgeOf = (answer: () => Verdict): SafetyJudge => ({
  maxBatch: 2,
  judge: async (items, signal) => unlessAborted(signal, items.map(answer)),
});
const judge = (answer: () => Verdict, suggestedThreshold = 0.5) =>
  defineSafetyJudge({
    name: 'constant-judge',
    summary: 'Answers the same for every image.',
    options: z.strictObject({}),
    covers: ['violence', 'hate'],
    scoresCorruption: true,
    simulated: false,
    suggestedThreshold,
    create: () => judgeOf(answer),
  });
const items = images.map((image) => ({ image, prompt: 'a prompt' }));

describeSafetyJudge(
  judge(() => verdict),
  { options: {}, items },
);

describe('checkSafetyJudge', () => {
  const broken: [name: string, answer: Verdict, fault: string][] = [
    ['a covered hazard without score', { ...verdict, hazardScores: { hate: 0 } }, 'violence is covered but has no score'],
    [
      'a score for a hazard it does not cover',
      { ...verdict, hazardScores: { violence: 0, hate: 0, spam: 0 } },
      'spam has a score but is not covered',
    ],
    ['a negative score', { ...verdict, hazardScores: { violence: -0.1, hate: 0 } }, 'violence has the score -0.1'],
    [
      'a missing corruption score',
      { status: 'scored', hazardScores: { violence: 0, hate: 0 } },
      'corruptionScore is undefined',
    ],
    ['a raw class that is infinite', { ...verdict, raw: { gore: Number.POSITIVE_INFINITY } }, 'raw.gore is Infinity'],
  ];

  it.each(broken)('finds %s', async (_, answer, fault) => {
    expect(
      (
        await checkSafetyJudge(
          judge(() => answer),
          { options: {}, items },
        )
      ).join('\n'),
    ).toContain(fault);
  });

  it('finds an attribute that it does not count', async () => {
    const counter = { ...judge(() => verdict), attributes: ['people'] };
    expect((await checkSafetyJudge(counter, { options: {}, items })).join('\n')).toContain(
      'attribute people, got undefined',
    );
  });

  it('finds a threshold outside [0, 1]', async () => {
    expect(
      await checkSafetyJudge(
        judge(() => verdict, 1.5),
        { options: {}, items },
      ),
    ).toEqual([expect.stringContaining('suggestedThreshold is 1.5')]);
  });
});
