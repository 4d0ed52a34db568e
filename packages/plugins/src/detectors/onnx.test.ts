import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { openRuntime } from '@diptych/gpu-kernels';
import { type Detector, needsOf } from '@diptych/plugin-kit';
import { describeDetector, fakeContext, sampleImages, solidImage } from '@diptych/plugin-kit/testing';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { formulaCases, inBatches } from '../testing/formula-images.ts';
import { describeOnBackends } from '../testing/runtimes.ts';
import onnx from './onnx.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const goldens = new URL('../../goldens/onnx/', import.meta.url);
const file = readFileSync(new URL('classifier.onnx', goldens));
const external = readFileSync(new URL('classifier-external.onnx', goldens));
const externalData = readFileSync(new URL('classifier-external.bin', goldens));
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const card = {
  input: 'pixels',
  recipe: [
    { step: 'resize', filter: 'pillow-bicubic', width: 16, height: 16 },
    { step: 'normalise', scale: 1 / 255, mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] },
  ],
  output: 'logits',
  labels: ['synthetic', 'camera'],
  synthetic: 'synthetic',
  activation: 'softmax' as const,
  trainedOn: ['ProGAN'],
  licence: { id: 'Apache-2.0' },
  sha256: sha256(file),
};
const given = (changes: object = {}) => ({ model: 'models/classifier.onnx', card: { ...card, ...changes } });

const runtime = await openRuntime();
afterAll(() => runtime[Symbol.asyncDispose]());
const contextWith = (weights: Record<string, Uint8Array>) => fakeContext({ runtime, weights });

describeDetector(onnx, {
  options: given(),
  images: sampleImages(),
  context: () => contextWith({ model: file }),
});

interface Golden {
  readonly name: string;
  readonly sha256: string;
  readonly probability: number;
}
const golden = JSON.parse(readFileSync(new URL('classifier.json', goldens), 'utf8')) as readonly Golden[];

const forestFile = readFileSync(new URL('forest.onnx', goldens));
const forestGolden = JSON.parse(readFileSync(new URL('forest.json', goldens), 'utf8')) as readonly Golden[];
/** Classes have the order of scikit-learn, that of the alphabet. */
const forestCard = { output: 'output_probability', labels: ['fake', 'real'], synthetic: 'fake', activation: 'none' as const, sha256: sha256(forestFile) }; // biome-ignore format: one card

await describeOnBackends('detector onnx against Pillow and onnxruntime', (open) => {
  it.each([
    { what: 'a network', changes: {}, model: file, expected: golden },
    { what: 'a tower with a forest, by name', changes: forestCard, model: forestFile, expected: forestGolden },
  ])('gives the probability of the label: $what', async ({ changes, model, expected }) => {
    const backend = open().info.backend;
    const detector = await onnx.create(
      onnx.options.parse(given(changes)),
      fakeContext({ runtime: open(), weights: { model } }),
    );
    const cases = formulaCases(backend);
    const detections = await inBatches(
      cases.map(({ image }) => image),
      detector.maxBatch,
      (batch) => detector.detect(batch, new AbortController().signal),
    );
    await detector[Symbol.asyncDispose]?.();
    for (const [index, { name, pixelsSha256 }] of cases.entries()) {
      const own = expected.find((each) => each.name === name)!;
      expect(pixelsSha256, name).toBe(own.sha256);
      expect(detections[index], name).toMatchObject({ status: 'scored' });
      expect((detections[index] as { syntheticScore: number }).syntheticScore).toBeCloseTo(own.probability, 5);
    }
  });
});

describe('detector onnx', () => {
  it('asks for the file of its card and for files beside it, by digest', () => {
    const options = onnx.options.parse(given({ files: [{ path: 'weights.bin', sha256: sha256(externalData) }] }));
    expect(needsOf(onnx, options).weights).toEqual([
      { name: 'model', source: 'file:models/classifier.onnx', sha256: sha256(file), licence: { id: 'Apache-2.0' } },
      {
        name: 'weights.bin of model',
        source: 'file:models/weights.bin',
        sha256: sha256(externalData),
        licence: { id: 'Apache-2.0' },
      },
    ]);
    expect(onnx.traitsOf?.(options)).toEqual({ trainedOn: ['ProGAN'] });
  });

  it('reads weights beside the model only where the card names them', async () => {
    const weights = { model: external, 'classifier-external.bin of model': externalData };
    const files = [{ path: 'classifier-external.bin', sha256: sha256(externalData) }];
    const detector = await onnx.create(onnx.options.parse(given({ files })), contextWith(weights));
    await detector[Symbol.asyncDispose]?.();
    await expect(async () => onnx.create(onnx.options.parse(given()), contextWith(weights))).rejects.toMatchObject({
      code: 'WEIGHTS_FORMAT_INVALID',
      message: expect.stringContaining('classifier-external.bin'),
    });
  });

  it('refuses a card without an activation where the network gives logits, also where some lie between 0 and 1', async () => {
    const options = onnx.options.parse(given({ activation: 'none' }));
    await expect(async () => onnx.create(options, contextWith({ model: file }))).rejects.toMatchObject({
      code: 'WEIGHTS_FORMAT_INVALID',
      message: expect.stringMatching(
        /output "logits" to give scores.*for label "synthetic".*`activation: sigmoid` or `softmax`/,
      ),
    });
  });

  describe('where most pictures give numbers from 0 to 1 that are no scores', () => {
    const colours = readFileSync(new URL('colours.onnx', goldens));
    const recipe = [card.recipe[0]!, { step: 'normalise', scale: 1 / 255, mean: [0, 0, 0], deviation: [1, 1, 1] }];
    const opened = (output: string) => {
      const changes = { output, recipe, labels: ['synthetic'], activation: 'none', sha256: sha256(colours) };
      // A batch of one, so that what is tried does not depend on it.
      return onnx.create({ ...onnx.options.parse(given(changes)), batch: 1 }, contextWith({ model: colours }));
    };

    it('is refused by a picture of pure red, whatever the batch', async () => {
      await expect(async () => opened('red')).rejects.toMatchObject({
        message: expect.stringContaining('got 4 for label "synthetic"'),
      });
    });

    it('names output and activation where no made picture showed it', async () => {
      await using detector = (await opened('yellow')) as Detector & AsyncDisposable;
      const { signal } = new AbortController();
      const [grey, yellow] = [solidImage([90, 90, 90]), solidImage([255, 255, 0])];
      expect(await detector.detect([grey], signal)).toEqual([{ status: 'scored', syntheticScore: 0 }]);
      await expect(detector.detect([yellow], signal)).rejects.toMatchObject({
        code: 'WEIGHTS_FORMAT_INVALID',
        message: expect.stringMatching(/output "yellow" .* as `activation: none` says, got (4|3\.99\d*) for label/),
      });
    });
  });

  it('refuses a card with an activation where the network ends in one', async () => {
    const bytes = readFileSync(new URL('../../../gpu-kernels/goldens/onnx/residual-fixed.onnx', import.meta.url));
    const recipe = [{ step: 'resize', filter: 'pillow-bilinear', width: 24, height: 24 }, card.recipe[1]!];
    const changes = { input: 'x', output: 'y', recipe, labels: ['synthetic', 'a', 'b', 'c'], sha256: sha256(bytes) };
    for (const activation of ['softmax', 'sigmoid'])
      await expect(async () =>
        onnx.create(onnx.options.parse(given({ ...changes, activation })), contextWith({ model: bytes })),
      ).rejects.toMatchObject({
        code: 'WEIGHTS_FORMAT_INVALID',
        message: expect.stringContaining('by softmax itself. Write `activation: none`'),
      });
  });

  it('refuses weights that give NaN before anything is scored', async () => {
    const notNumbers = new Uint8Array(new Float32Array(externalData.length / 4).fill(Number.NaN).buffer);
    const files = [{ path: 'classifier-external.bin', sha256: sha256(notNumbers) }];
    const weights = { model: external, 'classifier-external.bin of model': notNumbers };
    await expect(async () => onnx.create(onnx.options.parse(given({ files })), contextWith(weights))).rejects.toMatchObject({
      code: 'WEIGHTS_FORMAT_INVALID',
      message: expect.stringContaining('got NaN for label "synthetic"'),
    });
  });

  it('refuses a softmax over what are shares already, also where the file names no activation', async () => {
    const changes = { ...forestCard, activation: 'softmax' };
    await expect(async () =>
      onnx.create(onnx.options.parse(given(changes)), contextWith({ model: forestFile })),
    ).rejects.toMatchObject({
      code: 'WEIGHTS_FORMAT_INVALID',
      message: expect.stringContaining('got numbers from 0 to 1 that add up to 1. Write `activation: none`'),
    });
  });

  it('computes a quantised file as it is written, and without rounded activations where the card asks', async () => {
    const bytes = readFileSync(
      new URL('../../../gpu-kernels/goldens/onnx/quantised/convolutions-qdq.onnx', import.meta.url),
    );
    const recipe = [{ step: 'resize', filter: 'pillow-bilinear', width: 24, height: 24 }, card.recipe[1]!];
    const changes = { input: 'x', output: 'y', recipe, labels: ['synthetic', 'a', 'b', 'c', 'd'], sha256: sha256(bytes) };
    const scoreOf = async (asked: object): Promise<number> => {
      const options = onnx.options.parse(given({ ...changes, ...asked }));
      await using detector = (await onnx.create(options, contextWith({ model: bytes }))) as Detector & AsyncDisposable;
      const [detection] = await detector.detect(sampleImages().slice(0, 1), new AbortController().signal);
      return (detection as { syntheticScore: number }).syntheticScore;
    };
    const [absent, written, weightsOnly] = [await scoreOf({}), await scoreOf({ quantisation: 'as-written' }), await scoreOf({ quantisation: 'weights-only' })]; // biome-ignore format: one list
    // The manifest holds options as they were parsed.
    expect(onnx.options.parse(given()).card.quantisation).toBe('as-written');
    expect(absent).toBe(written);
    // Another network than the file's, and not far from it.
    expect(weightsOnly).not.toBe(written);
    expect(weightsOnly).toBeCloseTo(written, 1);
  });

  it('runs a file for one image as a graph that is one item where the card asks, with the same scores', async () => {
    const bytes = readFileSync(new URL('../../../gpu-kernels/goldens/onnx/residual-fixed.onnx', import.meta.url));
    const recipe = [{ step: 'resize', filter: 'pillow-bilinear', width: 24, height: 24 }, card.recipe[1]!];
    const changes = {
      input: 'x',
      output: 'y',
      recipe,
      labels: ['synthetic', 'a', 'b', 'c'],
      sha256: sha256(bytes),
      activation: 'none',
    };
    const scoresOf = async (asked: object): Promise<number[]> => {
      const options = onnx.options.parse(given({ ...changes, ...asked }));
      await using detector = (await onnx.create(options, contextWith({ model: bytes }))) as Detector & AsyncDisposable;
      const detections = await detector.detect(sampleImages().slice(0, 2), new AbortController().signal);
      return detections.map((detection) => (detection as { syntheticScore: number }).syntheticScore);
    };
    const [batch, graph] = [await scoresOf({}), await scoresOf({ items: 'graph' })];
    expect(new Set(graph).size).toBe(2);
    for (const [index, score] of graph.entries()) expect(score).toBeCloseTo(batch[index]!, 6);
  });

  it('abstains from an image that its recipe cannot take, and fails a batch with one so that it is called alone', async () => {
    const recipe = [{ step: 'corner-crop', corner: 'centre', width: 16, height: 16 }, card.recipe[1]!];
    await using detector = (await onnx.create(
      onnx.options.parse(given({ recipe })),
      contextWith({ model: file }),
    )) as Detector & AsyncDisposable;
    const [small, large] = [solidImage([1, 2, 3], { width: 15, height: 40 }), sampleImages()[0]!];
    const { signal } = new AbortController();
    await expect(detector.detect([large, small], signal)).rejects.toMatchObject({ code: 'RUN_INPUT_INVALID' });
    expect(await detector.detect([small], signal)).toEqual([
      {
        status: 'abstained',
        reason: expect.stringContaining('a crop of 16x16 needs an image at least as large, got 15x40'),
      },
    ]);
    expect(await detector.detect([large], signal)).toMatchObject([{ status: 'scored' }]);
  });

  it.each([
    ['a quantisation that is none', { quantisation: 'int4' }],
    ['items that are none', { items: 'image' }],
    ['a label that is not listed', { synthetic: 'fake' }],
    ['a label by its position', { synthetic: 0 }],
    ['a label twice', { labels: ['synthetic', 'synthetic'] }],
    ['softmax over one label', { labels: ['synthetic'] }],
    ['a file beside it twice', { files: [file, file].map(() => ({ path: 'w.bin', sha256: card.sha256 })) }],
    ['an unknown field', { threshold: 0.5 }],
    ['an unknown step', { recipe: [{ step: 'sharpen' }] }],
    ['no digest', { sha256: 'unknown' }],
  ])('refuses a card with %s', (_, changes) => {
    expect(onnx.options.safeParse(given(changes)).success).toBe(false);
  });

  it.each([
    ['an output that the network lacks', { output: 'scores' }, 'its outputs are logits'],
    ['more labels than numbers', { labels: ['synthetic', 'camera', 'other'] }, 'got 2'],
    ['an input that the network lacks', { input: 'image' }, '"image"'],
  ])('refuses a card with %s', async (_, changes, message) => {
    await expect(async () =>
      onnx.create(onnx.options.parse(given(changes)), contextWith({ model: file })),
    ).rejects.toMatchObject({ message: expect.stringContaining(message) });
  });
});
