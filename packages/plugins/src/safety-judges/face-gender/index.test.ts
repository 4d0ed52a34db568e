import { readFileSync } from 'node:fs';
import { openRuntime } from '@diptych/gpu-kernels';
import { needsOf, type RasterImage } from '@diptych/plugin-kit';
import { describeSafetyJudge, fakeContext, noiseImage, presentedFromRaster, solidImage } from '@diptych/plugin-kit/testing';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { toOnnxLayout } from '../../shared/tensorflow-layout.ts';
import { cachedWeights } from '../../testing/cached-weights.ts';
import { describeOnBackends } from '../../testing/runtimes.ts';
import { type Box, cropOf, decodeBoxes, squareOf, suppressOverlaps } from './boxes.ts';
import { anchors, boxNumbers, cells, constants, detectorGraph, detectorSide, faceSide, genderGraph } from './graphs.ts';
import faceGender from './index.ts';
import { readFaceWeights } from './weights.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const options = faceGender.options.parse({});
const refs = needsOf(faceGender, options).weights!;
const published = new Map(refs.map(({ name, sha256 }) => [name, cachedWeights(sha256)]));
const absent = [...published.values()].find((file) => file.absent);
const weights = () => Object.fromEntries([...published].map(([name, file]) => [name, file.read()]));

const runtime = await openRuntime();
afterAll(() => runtime[Symbol.asyncDispose]());

describe.skipIf(absent)(`face-gender with its published weights${absent ? ` (skipped: ${absent.reason})` : ''}`, () => {
  describeSafetyJudge(faceGender, {
    options: {},
    items: [noiseImage(1, { width: 72, height: 96 }), solidImage([200, 40, 90])].map((image) => ({ image, prompt: '' })),
    context: () => fakeContext({ runtime, weights: weights() }),
  });

  it('finds no face where there is none, and gives no hazard', async () => {
    const judge = await faceGender.create(options, fakeContext({ runtime, weights: weights() }));
    const items = [{ image: presentedFromRaster(picture(200)), prompt: '' }];
    const [verdict] = await judge.judge(items, new AbortController().signal);
    expect(verdict).toEqual({
      status: 'scored',
      hazardScores: {},
      raw: { faces: 0, 'gender:female': 0, 'gender:male': 0, 'gender:unclear': 0 },
    });
    await judge[Symbol.asyncDispose]?.();
  });
});

/** The formula of goldens/face-gender/make-golden.mjs: smooth waves and hard edges. */
function picture(side: number): RasterImage {
  const data = new Uint8Array(side * side * 3);
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++)
      for (let c = 0; c < 3; c++) data[(y * side + x) * 3 + c] = (x * 7 + y * 13 + c * 29 + ((x * y) >> 3) * 5) & 255;
  return { width: side, height: side, channels: 3, data };
}

interface Golden {
  /** [1, row, column, anchor × number], as TensorFlow.js orders it. */
  readonly boxes: readonly number[];
  readonly gender: readonly [male: number, female: number];
}
const golden = JSON.parse(
  readFileSync(new URL('../../../goldens/face-gender/outputs.json', import.meta.url), 'utf8'),
) as Golden;

if (!absent)
  await describeOnBackends('the networks of face-gender against face-api on TensorFlow.js', (open) => {
    it('give the same boxes', async () => {
      const files = weights();
      const tensors = toOnnxLayout(readFaceWeights(files['detector-manifest']!, files['detector']!));
      const model = await open().load(detectorGraph(), { ...tensors, ...constants }, 1);
      const [output] = Object.values(await model.run({ image: [picture(detectorSide)] }));
      const channels = anchors.length * boxNumbers;
      for (let cell = 0; cell < cells * cells; cell++)
        for (let channel = 0; channel < channels; channel++) {
          const expected = golden.boxes[cell * channels + channel]!;
          // Float32 over five layers of up to 2,304 terms; logits reach 36.
          expect(Math.abs(output!.data[channel * cells * cells + cell]! - expected)).toBeLessThan(2e-3);
        }
      await model[Symbol.asyncDispose]();
    });

    it('give the same gender probabilities', async () => {
      const files = weights();
      const tensors = toOnnxLayout(readFaceWeights(files['gender-manifest']!, files['gender']!));
      const { 'fc/age/weights': _weights, 'fc/age/bias': _bias, ...own } = tensors;
      const model = await open().load(genderGraph(), own, 1);
      const [output] = Object.values(await model.run({ image: [picture(faceSide)] }));
      expect(output!.data[0]).toBeCloseTo(golden.gender[0], 4);
      expect(output!.data[1]).toBeCloseTo(golden.gender[1], 4);
      await model[Symbol.asyncDispose]();
    });
  });

describe('boxes of face-gender', () => {
  it('are decoded from centre and size within their cell', () => {
    const numbers = new Float32Array(anchors.length * boxNumbers * cells * cells).fill(-20);
    const plane = cells * cells;
    const cell = 6 * cells + 4;
    for (const [part, value] of [0, 0, 0, Math.log(2), 5].entries()) numbers[(1 * boxNumbers + part) * plane + cell] = value;
    const [box, ...others] = decodeBoxes(numbers, 0.5);
    expect(others).toEqual([]);
    expect(box!.score).toBeCloseTo(1 / (1 + Math.exp(-5)), 6);
    expect(box!.width).toBeCloseTo(6.041143 / cells, 6);
    expect(box!.height).toBeCloseTo((2 * 7.080126) / cells, 6);
    expect(box!.left + box!.width / 2).toBeCloseTo(4.5 / cells, 6);
    expect(box!.top + box!.height / 2).toBeCloseTo(6.5 / cells, 6);
  });

  it('that overlap are one face, the surest', () => {
    const box = (score: number, left: number): Box => ({ score, left, top: 0, width: 0.2, height: 0.2 });
    expect(suppressOverlaps([box(0.6, 0), box(0.9, 0.05), box(0.7, 0.5)], 0.4).map(({ score }) => score)).toEqual([
      0.9, 0.7,
    ]);
  });

  it('are cut out at the borders, and squared with black', () => {
    const image = picture(40);
    const crop = cropOf(image, { score: 1, left: -0.1, top: 0.5, width: 0.5, height: 0.9 }, 40)!;
    expect([crop.width, crop.height]).toEqual([16, 20]);
    expect(crop.data[0]).toBe(image.data[20 * 40 * 3]);
    const square = squareOf(crop, true);
    expect([square.width, square.data[0], square.data[2 * 3]]).toEqual([20, 0, crop.data[0]]);
    expect(cropOf(image, { score: 1, left: 0.9, top: 0, width: 0.5, height: 0.5 }, 40)).toBeUndefined();
  });
});

describe('weights of face-gender', () => {
  const manifest = (weights: object[]): Uint8Array => Buffer.from(JSON.stringify([{ weights }]));
  const codes = { name: 'a', shape: [2], dtype: 'float32', quantization: { dtype: 'uint8', scale: 0.5, min: -1 } };

  it('are codes × scale + min, or float32 as they stand', () => {
    const file = Buffer.concat([Buffer.of(0, 4), Buffer.from(Float32Array.of(2.5).buffer)]);
    const read = readFaceWeights(manifest([codes, { name: 'b', shape: [1], dtype: 'float32' }]), file);
    expect([...read.get('a')!.data, ...read.get('b')!.data]).toEqual([-1, 1, 2.5]);
  });

  it.each([
    ['short', Buffer.of(1)],
    ['long', Buffer.of(1, 2, 3)],
  ])('that are too %s are refused', (_, file) => {
    expect(() => readFaceWeights(manifest([codes]), file)).toThrow(/bytes of weights/);
  });
});
