import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { pillowResize } from './pillow-resize.ts';
import { rgbOf } from './pixels.ts';
import { prepareImage } from './prepare-image.ts';
import { checkRecipe, recipeOutputSize, resolveRecipe } from './recipe-geometry.ts';
import { type SyntheticKind, synthesise } from './synthetic-image.ts';
import { tensorflowResize } from './tensorflow-resize.ts';

interface Resize {
  kind: SyntheticKind;
  seed: number;
  width: number;
  height: number;
  toWidth: number;
  toHeight: number;
}
interface PillowGoldens {
  resize: (Resize & { filter: 'pillow-bilinear' | 'pillow-bicubic'; first: number[]; sha256: string })[];
  sizes: {
    width: number;
    height: number;
    size: number;
    crop: number;
    toWidth: number;
    toHeight: number;
    left: number;
    top: number;
  }[];
}
interface TensorflowGoldens {
  cases: (Resize & { step: number; values: number[] })[];
}
const golden = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`../../goldens/image-ops/${name}`, import.meta.url), 'utf8')) as T;
const pillow = golden<PillowGoldens>('pillow.json');

describe('Pillow resize', () => {
  it.each(pillow.resize)('$filter $width x $height to $toWidth x $toHeight gives the bytes of Pillow', (golden) => {
    const image = rgbOf(synthesise(golden.kind, golden.width, golden.height, golden.seed));
    const { data } = pillowResize(image, golden.toWidth, golden.toHeight, golden.filter);
    expect([...data.subarray(0, 12)]).toEqual(golden.first);
    expect(createHash('sha256').update(data).digest('hex')).toBe(golden.sha256);
  });
});

describe('TensorFlow align-corners resize', () => {
  it.each(golden<TensorflowGoldens>('tensorflow.json').cases)(
    '$width x $height to $toWidth x $toHeight is within 1e-3 of TensorFlow.js on a scale of 255',
    ({ kind, width, height, seed, toWidth, toHeight, step, values }) => {
      // TensorFlow.js computes coordinates in float64, TensorFlow in float32: they differ by less than 255 · 1e-6 · size.
      const { data } = tensorflowResize(rgbOf(synthesise(kind, width, height, seed)), toWidth, toHeight);
      const sampled = [...data].filter((_, index) => index % step === 0);
      expect(sampled).toHaveLength(values.length);
      const difference = Math.max(...sampled.map((value, index) => Math.abs(value - values[index]!)));
      expect(difference).toBeLessThan(1e-3 * Math.max(1, Math.max(width, height) / 25));
    },
  );
});

describe('recipes', () => {
  const normalise = { step: 'normalise', scale: 1 / 255, mean: [0.5, 0.25, 0], deviation: [0.5, 1, 2] } as const;

  it.each(pillow.sizes)('short side and centre crop have torchvision sizes: $width x $height, $size, $crop', (golden) => {
    const recipe = [
      { step: 'resize-short-side', filter: 'pillow-bilinear', size: golden.size },
      { step: 'centre-crop', width: golden.crop, height: golden.crop },
      normalise,
    ] as const;
    const [resize, crop] = resolveRecipe(recipe, golden);
    expect(resize).toMatchObject({ width: golden.toWidth, height: golden.toHeight });
    // toEqual would tell 0 from -0
    expect([(crop as { left: number }).left + 0, (crop as { top: number }).top + 0]).toEqual([
      golden.left + 0,
      golden.top + 0,
    ]);
  });

  it('normalises in float32 and drops alpha', () => {
    const image = { width: 1, height: 1, channels: 4 as const, data: Uint8Array.of(255, 51, 0, 7) };
    const prepared = prepareImage(image, [normalise]);
    const float32 = (value: number, mean: number, deviation: number): number =>
      Math.fround(Math.fround(Math.fround(value * Math.fround(1 / 255)) - mean) / deviation);
    expect([...prepared.data]).toEqual([float32(255, 0.5, 0.5), float32(51, 0.25, 1), float32(0, 0, 2)]);
  });

  it('pads with zeros where the crop is larger than the image', () => {
    const image = { width: 1, height: 1, channels: 3 as const, data: Uint8Array.of(10, 20, 30) };
    const plain = { step: 'normalise', scale: 1, mean: [0, 0, 0], deviation: [1, 1, 1] } as const;
    const { data } = prepareImage(image, [{ step: 'centre-crop', width: 2, height: 3 }, plain]);
    expect([...data]).toEqual([0, 0, 0, 0, 0, 0, 10, 20, 30, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('knows the size a recipe ends in', () => {
    const short = { step: 'resize-short-side', filter: 'pillow-bicubic', size: 9 } as const;
    expect(recipeOutputSize([short, normalise])).toBeUndefined();
    expect(recipeOutputSize([short, { step: 'centre-crop', width: 4, height: 5 }, normalise])).toEqual({
      width: 4,
      height: 5,
    });
  });

  it.each([
    ['an empty recipe', []],
    ['a recipe without normalise', [{ step: 'centre-crop', width: 1, height: 1 }]],
    ['a size of zero', [{ step: 'resize', filter: 'pillow-bicubic', width: 0, height: 3 }, normalise]],
    ['a deviation of zero', [{ ...normalise, deviation: [1, 0, 1] }]],
    [
      'an 8-bit resize after a float32 one',
      [
        { step: 'resize', filter: 'tensorflow-align-corners', width: 4, height: 4 },
        { step: 'resize', filter: 'pillow-bicubic', width: 3, height: 3 },
        normalise,
      ],
    ],
  ] as const)('refuses %s', (_, recipe) => {
    expect(() => checkRecipe(recipe, (reason) => new Error(reason))).toThrow();
  });
});
