import type { ImageRecipe, RecipeStep } from '@diptych/plugin-kit';
import { viewsOf } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { digestOf, golden } from './goldens.ts';
import { lowerRecipe, preparedSize } from './lower-recipe.ts';
import { prepareImage } from './prepare-image.ts';
import { checkRecipe, recipeOutput } from './recipe-check.ts';
import type { Stage } from './stages.ts';
import { synthesise } from './synthetic-image.ts';

interface GeometryGoldens {
  sizes: { width: number; height: number; size: number; crop: number; toWidth: number; toHeight: number; left: number; top: number }[]; // biome-ignore format: one shape
  recipes: { recipe: RecipeStep[]; view: number; width: number; height: number; sha256: string }[];
}
const goldens = golden<GeometryGoldens>('geometry.json');
const normalise = { step: 'normalise', scale: 1 / 255, mean: [0.5, 0.25, 0], deviation: [0.5, 1, 2] } as const;
const plain = { step: 'normalise', scale: 1, mean: [0, 0, 0], deviation: [1, 1, 1] } as const;

describe('geometry', () => {
  it.each(goldens.recipes)('$recipe view $view gives the bytes of its library', ({ recipe, view, sha256, ...size }) => {
    const image = { ...synthesise('noise', 37, 26, 5), view };
    const prepared = prepareImage(image, recipe);
    expect({ width: prepared.width, height: prepared.height }).toEqual(size);
    expect(digestOf(prepared)).toBe(sha256);
  });

  it('computes of a resize only what the crop after it keeps', () => {
    const recipe = [
      { step: 'resize-short-side', filter: 'pillow-bicubic', size: 32 },
      { step: 'centre-crop', width: 10, height: 10 },
      normalise,
    ] as const;
    const [across, down] = lowerRecipe(recipe, { width: 640, height: 400, channels: 3 });
    expect(across?.to.width).toBe(10);
    // the centres of 10 rows are 9 · 12.5 source rows apart, and the filter reaches 2 · 12.5 to either side
    expect(across?.to.height).toBe(162);
    expect(down?.to).toMatchObject({ width: 10, height: 10 });
  });

  it.each(goldens.sizes)('short side and centre crop have torchvision sizes: $width x $height, $size, $crop', (golden) => {
    const resize = { step: 'resize-short-side', filter: 'pillow-nearest', size: golden.size } as const;
    const image = { width: golden.width, height: golden.height, channels: 3 } as const;
    expect(preparedSize([resize], image)).toMatchObject({ width: golden.toWidth, height: golden.toHeight });
    const resized = { width: golden.toWidth, height: golden.toHeight, channels: 3 } as const;
    const stages = lowerRecipe([{ step: 'centre-crop', width: golden.crop, height: golden.crop }], resized);
    const gather = stages[0] as Extract<Stage, { op: 'gather' }> | undefined;
    const start = (map: Int32Array | undefined): number => (map === undefined ? 0 : map.findIndex((x) => x >= 0)) - (map?.find((x) => x >= 0) ?? 0); // biome-ignore format: one formula
    expect([0 - start(gather?.x), 0 - start(gather?.y)]).toEqual([golden.left + 0, golden.top + 0]);
  });
});

describe('the size that an image ends in', () => {
  const sized = [
    [{ step: 'dct' }, { step: 'dwt-hh' }],
    [{ step: 'power-spectrum' }, { step: 'azimuthal-mean', length: 88 }],
    [{ step: 'dct' }, { step: 'corner-crop', corner: 'top-left', width: 7, height: 5 }],
  ] as const;
  it.each(sized)('is that of its last stage: %j, %j', (...steps) => {
    const recipe: ImageRecipe = [plain, ...steps];
    const image = { width: 37, height: 26, channels: 3 } as const;
    const { width, height } = lowerRecipe(recipe, image).at(-1)!.to;
    expect(preparedSize(recipe, image)).toEqual({ width, height });
  });

  it('is known without tables as large as the image', () => {
    const before = process.memoryUsage().arrayBuffers;
    const ends = [4096, 4095, 4094].map((width) => {
      const recipe: ImageRecipe = [plain, { step: 'dct' }, { step: 'azimuthal-mean', length: 88 }];
      return preparedSize(recipe, { width, height: 4096, channels: 3 });
    });
    expect(ends).toEqual(Array(3).fill({ width: 88, height: 1 }));
    // One table of cosines alone has 64 MB.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
    expect(() => preparedSize([plain, { step: 'dct' }], { width: 4097, height: 1, channels: 3 })).toThrow(
      'at most 4096 pixels',
    );
  });
});

describe('random crops', () => {
  const recipe = [{ step: 'random-crop', width: 5, height: 4, seed: 7, views: 40 }, plain] as const;
  const image = synthesise('noise', 30, 20, 1);
  const digests = Array.from({ length: 40 }, (_, view) => digestOf(prepareImage({ ...image, view }, recipe)));

  it('differ from view to view and are the same again', () => {
    expect(new Set(digests).size).toBeGreaterThan(35); // of 442 places, 40 draws
    expect(digestOf(prepareImage({ ...image, view: 3 }, recipe))).toBe(digests[3]);
  });

  it('reach every offset', () => {
    const offsets = new Set<number>();
    for (let view = 0; view < 40; view++) {
      const [stage] = lowerRecipe(
        [{ step: 'random-crop', width: 28, height: 20, seed: 1, views: 40 }],
        { ...image, view }, // biome-ignore format: one call
      );
      offsets.add(stage?.op === 'gather' ? stage.x[0]! : 0);
    }
    expect(offsets).toEqual(new Set([0, 1, 2]));
  });
});

describe('recipes', () => {
  it('normalises in float32 and drops alpha', () => {
    const image = { width: 1, height: 1, channels: 4 as const, data: Uint8Array.of(255, 51, 0, 7) };
    const prepared = prepareImage(image, [normalise]);
    const float32 = (value: number, mean: number, deviation: number): number =>
      Math.fround(Math.fround(Math.fround(value * Math.fround(1 / 255)) - mean) / deviation);
    expect([...prepared.data]).toEqual([float32(255, 0.5, 0.5), float32(51, 0.25, 1), float32(0, 0, 2)]);
  });

  it('pads with zeros where the crop is larger than the image', () => {
    const image = { width: 1, height: 1, channels: 3 as const, data: Uint8Array.of(10, 20, 30) };
    const { data } = prepareImage(image, [{ step: 'centre-crop', width: 2, height: 3 }, plain]);
    expect([...data]).toEqual([0, 0, 0, 0, 0, 0, 10, 20, 30, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('rounds halves to even and clamps', () => {
    const image = { width: 1, height: 1, channels: 3 as const, data: Uint8Array.of(5, 7, 255) };
    const half = { step: 'normalise', scale: 0.5, mean: [0, 10, -200], deviation: [1, 1, 1] } as const;
    expect([...prepareImage(image, [half, { step: 'round' }]).data]).toEqual([2, 0, 255]);
  });

  it('knows the size a recipe ends in', () => {
    const short = { step: 'resize-short-side', filter: 'pillow-bicubic', size: 9 } as const;
    expect(recipeOutput([short, normalise])).toEqual({ channels: 3 });
    const crop = { step: 'centre-crop', width: 4, height: 5 } as const;
    expect(recipeOutput([short, crop, normalise])).toEqual({ channels: 3, width: 4, height: 5 });
    const pad = { step: 'pad', left: 1, top: 2, right: 3, bottom: 4, mode: 'reflect' } as const;
    expect(recipeOutput([crop, pad, { step: 'grey', channels: 1 }, normalise])).toEqual({
      channels: 1,
      width: 8,
      height: 11,
    });
  });

  it('counts views', () => {
    const size = { width: 4, height: 4 };
    expect(viewsOf([normalise])).toBe(1);
    expect(viewsOf([{ step: 'five-crop', ...size }, normalise])).toBe(5);
    expect(viewsOf([{ step: 'five-crop-on-grid', ...size, grid: 2 }, normalise])).toBe(5);
    expect(viewsOf([{ step: 'ten-crop', ...size }, normalise])).toBe(10);
    expect(viewsOf([{ step: 'random-crop', ...size, seed: 1, views: 3 }, normalise])).toBe(3);
  });

  const resize = (filter: 'tensorflow-align-corners' | 'pillow-bicubic', width: number) =>
    ({ step: 'resize', filter, width, height: 4 }) as const;
  it.each<readonly [string, ImageRecipe]>([
    ['an empty recipe', []],
    ['a recipe without normalise', [{ step: 'centre-crop', width: 1, height: 1 }]],
    ['a size of zero', [resize('pillow-bicubic', 0), normalise]],
    ['a deviation of zero', [{ ...normalise, deviation: [1, 0, 1] }]],
    ['a deviation that is zero in float32', [{ ...normalise, deviation: [1, 1e-50, 1] }]],
    ['a deviation below zero', [{ ...normalise, deviation: [1, 1, -0.225] }]],
    ['a deviation that is infinite in float32', [{ ...normalise, deviation: [1e39, 1, 1] }]],
    ['a scale of zero', [{ ...normalise, scale: 0 }]],
    ['a mean that is no number', [{ ...normalise, mean: [0, Number.NaN, 0] }]],
    ['an 8-bit resize after a float32 one', [resize('tensorflow-align-corners', 4), resize('pillow-bicubic', 3), normalise]],
    ['a byte step after normalise', [normalise, { step: 'bgr' }]],
    ['rounding of bytes', [{ step: 'round' }, normalise]],
    ['three means for one channel', [{ step: 'grey', channels: 1 }, normalise]],
    ['alpha dropped too late', [{ step: 'bgr' }, { step: 'drop-alpha' }, normalise]],
    ['crops that are no whole cells', [{ step: 'five-crop-on-grid', width: 12, height: 10, grid: 4 }, normalise]],
    ['two steps with views', [{ step: 'five-crop', width: 4, height: 4 }, { step: 'ten-crop', width: 2, height: 2 }, normalise]], // biome-ignore format: one case
  ])('refuses %s', (_, recipe) => {
    expect(() => checkRecipe(recipe, (reason) => new Error(reason))).toThrow();
  });

  it('computes steps on floats of an image that has the size of a float resize already', () => {
    const image = synthesise('noise', 5, 4, 1);
    for (const filter of ['torch-bilinear', 'torch-bicubic-antialias', 'tensorflow-half-pixel'] as const) {
      const recipe: ImageRecipe = [{ step: 'resize', filter, width: 5, height: 4 }, { step: 'log', epsilon: 1 }, plain];
      const expected = Float32Array.from(image.data, (value) => Math.log(value + 1));
      const { data } = prepareImage(image, recipe);
      expect(Math.max(...expected.map((value, at) => Math.abs(value - data[at]!)))).toBeLessThan(1e-6);
    }
  });

  it('refuses an image that would fill all memory between two steps, before it makes a table for it', () => {
    const enlarge: ImageRecipe = [{ step: 'resize-by', filter: 'pillow-bicubic', factor: 16 }, plain];
    expect(() => lowerRecipe(enlarge, { width: 9000, height: 9000, channels: 3 })).toThrow('144000x144000 pixels');
    const short: ImageRecipe = [{ step: 'resize-short-side', filter: 'torch-bilinear', size: 64 }, plain];
    expect(() => lowerRecipe(short, { width: 1, height: 1_000_000, channels: 3 })).toThrow('64x64000000 pixels');
    expect(() => lowerRecipe(short, { width: 1, height: 16_000_000, channels: 3 })).toThrow('a side of 1024000000 pixels');
    // Long, and yet a picture: its rows are no arguments of one call.
    expect(lowerRecipe(short, { width: 1, height: 4000, channels: 3 }).at(-1)!.to).toMatchObject({
      width: 64,
      height: 256_000,
    });
    const crop: ImageRecipe = [short[0]!, { step: 'centre-crop', width: 64, height: 64 }, plain];
    expect(lowerRecipe(crop, { width: 1, height: 1_000_000, channels: 3 }).at(-1)!.to).toMatchObject({
      width: 64,
      height: 64,
    });
  });

  it('refuses a crop larger than the image where its library does', () => {
    const recipe: ImageRecipe = [{ step: 'five-crop', width: 9, height: 4 }, normalise];
    expect(() => lowerRecipe(recipe, { width: 8, height: 8, channels: 3 })).toThrow('at least as large');
  });
});

describe('tables of sizes that were met', () => {
  const sizes = Array.from({ length: 20 }, (_, i) => ({ width: 700 + i, height: 700, channels: 3 }) as const);

  it('are kept while they are small', () => {
    const recipe = [{ step: 'centre-crop', width: 8, height: 8 }, normalise] as const;
    const made = sizes.map((size) => lowerRecipe(recipe, size));
    expect(sizes.map((size, i) => lowerRecipe(recipe, size) === made[i])).toEqual(sizes.map(() => true));
  });

  it('are let go where those of all sizes together would be large', () => {
    const recipe = [normalise, { step: 'dct' }] as const; // 4 MB a size
    const first = lowerRecipe(recipe, sizes[0]!);
    for (const size of sizes) lowerRecipe(recipe, size);
    expect(lowerRecipe(recipe, sizes[0]!)).not.toBe(first);
    const last = lowerRecipe(recipe, sizes[0]!);
    expect(lowerRecipe(recipe, sizes[0]!)).toBe(last);
  });
});

it('refuses a DCT whose table would be larger than images are', () => {
  const image = { width: 4097, height: 2, channels: 3 } as const;
  expect(() => lowerRecipe([normalise, { step: 'dct' }], image)).toThrow('at most 4096 pixels, got 4097');
});
