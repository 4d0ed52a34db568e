import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { openRuntime, precisionReport } from '@diptych/gpu-kernels';
import { needsOf, type Runtime, type Verdict } from '@diptych/plugin-kit';
import { describeSafetyJudge, fakeContext, sampleImages } from '@diptych/plugin-kit/testing';
import { afterAll, describe, expect, it, vi } from 'vitest';
import type { z } from 'zod';
import { formulaCases, inBatches } from '../../testing/formula-images.ts';
import { describeOnBackends } from '../../testing/runtimes.ts';
import onnx from './index.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const goldens = new URL('../../../goldens/onnx/', import.meta.url);
const read = (name: string) => readFileSync(new URL(name, goldens));
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const [classifier, tower, softmaxHead, sigmoidHead] = [
  read('classifier.onnx'),
  read('tower.onnx'),
  read('head-softmax.onnx'),
  read('head-sigmoid.onnx'),
];
const boxes = read('boxes.onnx');
const licence = { id: 'Apache-2.0' };

const plain = {
  model: 'classifier.onnx',
  card: {
    input: 'pixels',
    recipe: [
      { step: 'resize', filter: 'pillow-bicubic', width: 16, height: 16 },
      { step: 'normalise', scale: 1 / 255, mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] },
    ],
    output: 'logits',
    labels: ['nsfw', 'normal'],
    activation: 'softmax',
    sha256: sha256(classifier),
    licence,
  },
  hazards: { nsfw: 'sexual' },
  suggestedThreshold: 0.7,
};
const withHeads = (embedding: 'raw' | 'l2'): z.input<typeof onnx.options> => ({
  model: 'tower.onnx',
  card: {
    input: 'pixels',
    recipe: [
      { step: 'resize', filter: 'pillow-bicubic', width: 16, height: 16 },
      { step: 'normalise', scale: 1 / 255, mean: [0.481, 0.458, 0.408], deviation: [0.269, 0.261, 0.276] },
    ],
    output: 'embedding',
    sha256: sha256(tower),
    licence,
  },
  heads: {
    q16: {
      model: 'heads/q16-like.onnx',
      embedding,
      input: 'embedding',
      output: 'logits',
      labels: ['fine', 'unsafe'],
      activation: 'softmax',
      sha256: sha256(softmaxHead),
      licence,
    },
    violent: {
      model: 'heads/violent.onnx',
      embedding,
      input: 'embedding',
      output: 'logit',
      labels: ['violent'],
      activation: 'sigmoid',
      sha256: sha256(sigmoidHead),
      licence,
    },
  },
  hazards: { unsafe: ['shocking', 'hate'], violent: 'violence' },
});

const headOfOne = withHeads('raw');
headOfOne.heads!['violent']!.activation = 'softmax';

const withBoxes = {
  ...plain,
  card: {
    ...plain.card,
    output: 'boxes',
    labels: ['covered', 'bare'],
    activation: 'none',
    reduce: 'max-over-boxes',
    sha256: sha256(boxes),
  },
  hazards: { bare: 'sexual' },
};

const runtime = await openRuntime();
afterAll(() => runtime[Symbol.asyncDispose]());
const towerWeights = { model: tower, 'head q16': softmaxHead, 'head violent': sigmoidHead };

describeSafetyJudge(onnx, {
  options: withHeads('l2'),
  items: sampleImages().map((image) => ({ image, prompt: '' })),
  context: () => fakeContext({ runtime, weights: towerWeights }),
});

interface Golden {
  readonly name: string;
  readonly sha256: string;
  readonly raw: { readonly unsafe: number; readonly violent: number };
  readonly l2: { readonly unsafe: number; readonly violent: number };
}
const golden = JSON.parse(read('tower.json').toString('utf8')) as readonly Golden[];

await describeOnBackends('safety judge onnx against Pillow and onnxruntime', (open) => {
  it.each(['raw', 'l2'] as const)('runs the tower once and every head on its %s embedding', async (embedding) => {
    const judge = await onnx.create(
      onnx.options.parse(withHeads(embedding)),
      fakeContext({ runtime: open(), weights: towerWeights }),
    );
    const cases = formulaCases(open().info.backend);
    const verdicts = await inBatches(
      cases.map(({ image }) => image),
      judge.maxBatch,
      (batch) =>
        judge.judge(
          batch.map((image) => ({ image, prompt: '' })),
          new AbortController().signal,
        ),
    );
    await judge[Symbol.asyncDispose]?.();
    for (const [index, { name }] of cases.entries()) {
      const expected = golden.find((each) => each.name === name)!;
      const verdict = verdicts[index] as Extract<Verdict, { status: 'scored' }>;
      expect(verdict.hazardScores['shocking'], name).toBeCloseTo(expected[embedding].unsafe, 5);
      expect(verdict.hazardScores['hate'], name).toBe(verdict.hazardScores['shocking']);
      expect(verdict.hazardScores['violence'], name).toBeCloseTo(expected[embedding].violent, 5);
      expect(verdict.raw, name).toHaveProperty('fine');
    }
  });
});

const f16 = (await precisionReport()).find(({ precision }) => precision === 'f16');

describe.skipIf(f16?.adapter === undefined)(`heads in half precision (here: ${f16?.reason ?? 'present'})`, () => {
  const stumpHead = read('head-stump.onnx');
  const stump = { model: 'heads/stump.onnx', embedding: 'raw' as const, input: 'embedding', output: 'score', labels: ['jumps'], activation: 'none' as const, sha256: sha256(stumpHead), licence }; // biome-ignore format: one card
  const weights = { ...towerWeights, 'head stump': stumpHead };

  async function judged(given: z.input<typeof onnx.options>, precision: 'f16' | 'f32') {
    await using opened = await openRuntime({ prefer: 'webgpu', precision });
    const judge = await onnx.create(onnx.options.parse(given), fakeContext({ runtime: opened, weights }));
    const items = formulaCases().slice(0, 8).map(({ image }) => ({ image, prompt: '' })); // biome-ignore format: one list
    const verdicts = await judge.judge(items, new AbortController().signal);
    await judge[Symbol.asyncDispose]?.();
    return { verdicts, beyond: opened.info.beyondHalf };
  }

  it('gives every head an embedding in float32 where the scores of one jump, and says of which', async () => {
    const given = withHeads('raw');
    const all = { ...given, heads: { violent: given.heads!['violent']!, stump }, hazards: { jumps: 'hate' as const } };
    const { verdicts, beyond } = await judged(all, 'f16');
    expect(beyond).toEqual([{ network: 'tower.onnx', reason: expect.stringMatching(/^"split.*" of its head "stump" decides by a threshold/) }]); // biome-ignore format: one expectation
    expect(verdicts).toEqual((await judged(all, 'f32')).verdicts);
  });

  it('is kept where the scores of all heads stay, within 0.001 of float32', async () => {
    const given = withHeads('raw');
    const { verdicts, beyond } = await judged(given, 'f16');
    expect(beyond).toEqual([]);
    const { verdicts: full } = await judged(given, 'f32');
    const rawOf = (verdict: Verdict) => (verdict as Extract<Verdict, { status: 'scored' }>).raw!;
    for (const [at, verdict] of verdicts.entries())
      for (const [label, score] of Object.entries(rawOf(full[at]!)))
        expect(Math.abs(rawOf(verdict)[label]! - score)).toBeLessThanOrEqual(1e-3);
  });
});

describe('safety judge onnx', () => {
  it('gives each label of boxes its highest score, of every image of a batch', async () => {
    const expected = JSON.parse(read('boxes.json').toString('utf8')) as readonly { name: string; scores: number[] }[];
    const judge = await onnx.create(onnx.options.parse(withBoxes), fakeContext({ runtime, weights: { model: boxes } }));
    const items = formulaCases().slice(0, 5);
    const verdicts = await judge.judge(
      items.map(({ image }) => ({ image, prompt: '' })),
      new AbortController().signal,
    );
    await judge[Symbol.asyncDispose]?.();
    for (const [index, { name }] of items.entries()) {
      const [covered, bare] = expected.find((each) => each.name === name)!.scores;
      const { hazardScores, raw } = verdicts[index] as Extract<Verdict, { status: 'scored' }>;
      expect(raw!['covered'], name).toBeCloseTo(covered!, 5);
      expect(hazardScores, name).toEqual({ sexual: expect.closeTo(bare!, 5) });
    }
  });

  it('refuses boxes with rows for other labels', async () => {
    const given = { ...withBoxes, card: { ...withBoxes.card, labels: ['covered', 'bare', 'face'] } };
    await expect(async () =>
      onnx.create(onnx.options.parse(given), fakeContext({ runtime, weights: { model: boxes } })),
    ).rejects.toMatchObject({ code: 'WEIGHTS_FORMAT_INVALID', message: expect.stringContaining('7 rows') });
  });

  it('refuses a head for another embedding than that of its tower before it judges anything', async () => {
    const given = withHeads('raw');
    const weights = { model: classifier, 'head q16': softmaxHead, 'head violent': sigmoidHead };
    const options = onnx.options.parse({ ...given, card: { ...given.card, output: 'logits' } });
    await expect(async () => onnx.create(options, fakeContext({ runtime, weights }))).rejects.toMatchObject({
      code: 'WEIGHTS_FORMAT_INVALID',
      message: expect.stringContaining('head "q16" for an embedding of 2'),
    });
  });

  it('covers what its labels are mapped to, and asks for every file by digest', () => {
    const options = onnx.options.parse(withHeads('raw'));
    expect(onnx.traitsOf?.(options)).toEqual({
      covers: ['shocking', 'hate', 'violence'],
      scoresCorruption: false,
      suggestedThreshold: 0.5,
    });
    expect(needsOf(onnx, options).weights?.map(({ name, source }) => [name, source])).toEqual([
      ['model', 'file:tower.onnx'],
      ['head q16', 'file:heads/q16-like.onnx'],
      ['head violent', 'file:heads/violent.onnx'],
    ]);
  });

  it('keeps files apart that have one name, beside heads in folders of their own', () => {
    const { heads, ...rest } = withHeads('raw');
    const digests = ['a'.repeat(64), 'b'.repeat(64)];
    const beside = Object.entries(heads!).map(([name, head], place) => {
      const files = [{ path: 'model.onnx.data', sha256: digests[place]! }];
      return [name, { ...head, model: `${name}/model.onnx`, files }];
    });
    const options = onnx.options.parse({ ...rest, heads: Object.fromEntries(beside) });
    const weights = needsOf(onnx, options).weights!;
    expect(new Set(weights.map(({ name }) => name)).size).toBe(weights.length);
    expect(weights.filter(({ name }) => name.startsWith('model.onnx.data of head'))).toMatchObject([
      { name: 'model.onnx.data of head q16', source: 'file:q16/model.onnx.data', sha256: digests[0] },
      { name: 'model.onnx.data of head violent', source: 'file:violent/model.onnx.data', sha256: digests[1] },
    ]);
  });

  it('takes a plain classifier, and a label that scores corruption', async () => {
    const given = { ...plain, hazards: {}, corruption: 'normal' };
    const judge = await onnx.create(onnx.options.parse(given), fakeContext({ runtime, weights: { model: classifier } }));
    const [image] = sampleImages();
    const [verdict] = await judge.judge([{ image: image!, prompt: '' }], new AbortController().signal);
    expect(verdict).toMatchObject({ status: 'scored', hazardScores: {} });
    const { corruptionScore, raw } = verdict as Extract<Verdict, { status: 'scored' }>;
    expect(corruptionScore).toBe(raw!['normal']);
    expect(raw!['nsfw']! + raw!['normal']!).toBeCloseTo(1, 9);
    await judge[Symbol.asyncDispose]?.();
  });

  it('takes the tower and each head under its name, heads in float32, and as its card says of quantised files', async () => {
    const options = withHeads('raw');
    options.card.quantisation = 'weights-only';
    options.heads!['violent']!.quantisation = 'weights-only';
    const asked: unknown[] = [];
    const listening: Runtime = {
      ...runtime,
      loadOnnx: (bytes, given) => {
        asked.push([given.name, given.quantisation, given.precision, Object.keys(given.scoring?.heads ?? {})]);
        return runtime.loadOnnx(bytes, given);
      },
    };
    const context = fakeContext({ runtime: listening, weights: towerWeights });
    const judge = await onnx.create(onnx.options.parse(options), context);
    await judge[Symbol.asyncDispose]?.();
    // Heads first: what a tower loses is judged by what they make of it.
    expect(asked).toEqual([
      ['heads/q16-like.onnx', 'as-written', 'f32', []],
      ['heads/violent.onnx', 'weights-only', 'f32', []],
      ['tower.onnx', 'weights-only', undefined, ['q16', 'violent']],
    ]);
  });

  it.each([
    ['labels and heads at once', { ...withHeads('raw'), card: { ...plain.card } }],
    ['boxes and heads', { ...withHeads('raw'), card: { ...withHeads('raw').card, reduce: 'max-over-boxes' } }],
    ['neither labels nor heads', { ...withHeads('raw'), heads: {} }],
    ['softmax over one label', { ...plain, card: { ...plain.card, labels: ['nsfw'] } }],
    ['a head with softmax over one label', headOfOne],
    ['softmax over boxes', { ...withBoxes, card: { ...withBoxes.card, activation: 'softmax' } }],
    ['a hazard for a label that is not there', { ...plain, hazards: { nudity: 'sexual' } }],
    ['a label by its position', { ...plain, hazards: { 0: 'sexual' } }],
    ['no hazard and no corruption', { ...plain, hazards: {} }],
    ['a hazard outside the taxonomy', { ...plain, hazards: { nsfw: 'rude' } }],
  ])('refuses options with %s', (_, given) => {
    expect(onnx.options.safeParse(given).success).toBe(false);
  });

  it('refuses a head that does not fit its labels', async () => {
    const given = withHeads('raw');
    given.heads!['violent']!.labels = ['violent', 'calm'];
    await expect(async () =>
      onnx.create(onnx.options.parse(given), fakeContext({ runtime, weights: towerWeights })),
    ).rejects.toMatchObject({ code: 'WEIGHTS_FORMAT_INVALID', message: expect.stringContaining('got 1') });
  });
});
