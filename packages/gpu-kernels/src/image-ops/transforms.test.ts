import type { RecipeStep } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { hashOf } from './counter-hash.ts';
import { digestOf, golden } from './goldens.ts';
import { lowerRecipe } from './lower-recipe.ts';
import { noiseTable } from './noise.ts';
import { prepareImage } from './prepare-image.ts';
import { type SyntheticKind, synthesise } from './synthetic-image.ts';

interface Image {
  kind: SyntheticKind;
  width: number;
  height: number;
}
interface TransformGoldens {
  jpeg: (Image & { quality: number; chroma: '4:2:0' | '4:4:4'; seed: number; sha256: string })[];
  transforms: (Image & { steps: RecipeStep[]; shape: number[]; largest: number; step: number; values: number[] })[];
  blur: { sigma: number; values: number[] }[];
}
const goldens = golden<TransformGoldens>('transforms.json');

describe('JPEG round trip', () => {
  it.each([1, 30, 50, 75, 90, 95, 100])('gives the bytes of libjpeg-turbo in Pillow at quality %i', (quality) => {
    const cases = goldens.jpeg.filter((golden) => golden.quality === quality);
    expect(cases).toHaveLength(18);
    const different = cases.filter(({ kind, width, height, seed, chroma, sha256 }) => {
      const image = synthesise(kind, width, height, seed);
      return digestOf(prepareImage(image, [{ step: 'jpeg', quality, chroma }])) !== sha256;
    });
    expect(different).toEqual([]);
  });
});

describe('transforms', () => {
  const scaled = { step: 'normalise', scale: 1 / 255, mean: [0, 0, 0], deviation: [1, 1, 1] } as const;
  it.each(goldens.transforms)(
    '$steps of $width x $height is within 1e-6 of float64, relative to the largest value',
    ({ kind, width, height, steps, shape, largest, step, values }) => {
      const prepared = prepareImage(synthesise(kind, width, height, 9), [scaled, ...steps]);
      expect([prepared.height, prepared.width, prepared.channels]).toEqual(shape);
      const sampled = [...prepared.data].filter((_, index) => index % step === 0);
      expect(sampled).toHaveLength(values.length);
      const difference = Math.max(...sampled.map((value, index) => Math.abs(value - values[index]!)));
      // A logarithm magnifies the float32 rounding of coefficients near zero, here to at most 1e-3 of them.
      const tolerance = steps.some((recipeStep) => recipeStep.step === 'log') ? 1e-4 : 1e-6;
      expect(difference / largest).toBeLessThan(tolerance);
    },
  );
});

describe('Gaussian blur of bytes', () => {
  it.each(goldens.blur)('is within one level of SciPy in float64 at sigma $sigma', ({ sigma, values }) => {
    const { data } = prepareImage(synthesise('noise', 40, 30, 2), [{ step: 'gaussian-blur', sigma }]);
    const sampled = [...data].filter((_, index) => index % 61 === 0);
    expect(sampled).toHaveLength(values.length);
    // rounded after each axis: half a level, twice
    expect(Math.max(...sampled.map((value, index) => Math.abs(value - values[index]!)))).toBeLessThan(1.01);
  });
});

describe('Gaussian noise', () => {
  const grey = { width: 200, height: 100, channels: 3 as const, data: new Uint8Array(60_000).fill(128) };
  const differences = [...prepareImage(grey, [{ step: 'gaussian-noise', sigma: 10, seed: 4 }]).data].map((v) => v - 128);

  it('has the mean and deviation asked for', () => {
    const mean = differences.reduce((sum, value) => sum + value, 0) / differences.length;
    const variance = differences.reduce((sum, value) => sum + (value - mean) ** 2, 0) / differences.length;
    expect(Math.abs(mean)).toBeLessThan(0.15); // standard error 10 / sqrt(60000) = 0.04
    expect(Math.sqrt(variance)).toBeCloseTo(10, 0);
  });

  it('is drawn by seed and place', () => {
    const again = prepareImage(grey, [{ step: 'gaussian-noise', sigma: 10, seed: 4 }]).data;
    expect([...again].map((v) => v - 128)).toEqual(differences);
    expect(differences[(7 * 200 + 3) * 3 + 1]).toBe(noiseTable(10)[hashOf([4, 3, 7, 1]) >>> 20]);
  });

  it('takes quantiles of the normal distribution', () => {
    // 97.5 % of the distribution lies below 1.959964: entry 3993 stands for 0.97498
    expect(noiseTable(100_000)[3993]! / 100_000).toBeCloseTo(1.9596, 3);
    expect(noiseTable(1000)[0]).toBe(-noiseTable(1000)[4095]!);
  });
});

describe('patches by texture', () => {
  /** Left half flat, right half noise. */
  const half = synthesise('noise', 64, 32, 1);
  const image = { ...half, data: half.data.map((value, at) => (Math.floor(at / 3) % 64 < 32 ? 90 : value)) };
  const patches = { step: 'texture-patches', patch: 8, count: 60, width: 16, height: 16, seed: 3 } as const;

  it('puts flat patches on one side and rich ones on the other', () => {
    expect(new Set(prepareImage(image, [{ ...patches, keep: 'poor' }]).data)).toEqual(new Set([90]));
    expect(new Set(prepareImage(image, [{ ...patches, keep: 'rich' }]).data).size).toBeGreaterThan(150);
  });

  it('refuses an image smaller than a patch', () => {
    expect(() => lowerRecipe([{ ...patches, keep: 'poor' }], { width: 7, height: 9, channels: 3 })).toThrow('at least');
  });
});

it('a rung of a resize ladder comes back to its size', () => {
  const image = synthesise('noise', 31, 17, 1);
  const there = prepareImage(image, [{ step: 'resize-by', filter: 'pillow-bilinear', factor: 0.5 }]);
  expect([there.width, there.height]).toEqual([16, 8]); // 15.5 and 8.5 to even
  const back = prepareImage(image, [{ step: 'resize-and-back', filter: 'pillow-bilinear', factor: 0.5 }]);
  const twice = [{ step: 'resize', filter: 'pillow-bilinear', width: 16, height: 8 }, { step: 'resize', filter: 'pillow-bilinear', width: 31, height: 17 }] as const; // biome-ignore format: two steps
  expect(digestOf(back)).toBe(digestOf(prepareImage(image, twice)));
});
