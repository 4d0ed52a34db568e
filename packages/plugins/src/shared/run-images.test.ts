import type { ImageRecipe, Model, ModelInputs, RasterImage } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { decodingFor, runImages } from './run-images.ts';

const normalise = { step: 'normalise', scale: 1, mean: [0, 0, 0], deviation: [1, 1, 1] } as const;
const fiveCrop: ImageRecipe = [{ step: 'five-crop', width: 2, height: 2 }, normalise];

/** Gives for each item the image's first byte times ten, and the view's number squared. */
function fakeModel(batch: number, runs: number[]): Model {
  return {
    batch,
    async run(inputs: ModelInputs) {
      const rasters = inputs['image'] as readonly RasterImage[];
      runs.push(rasters.length);
      const data = Float32Array.from(rasters.flatMap(({ data, view = 0 }) => [data[0]! * 10, view ** 2]));
      return { out: { shape: [rasters.length, 2], data } };
    },
    async [Symbol.asyncDispose]() {},
  };
}
const image = (value: number): RasterImage => ({ width: 2, height: 2, channels: 3, data: new Uint8Array(12).fill(value) });
const { signal } = new AbortController();

describe('runImages', () => {
  it('gives the mean over the views of each image, in runs of the batch', async () => {
    const runs: number[] = [];
    const given = { input: 'image', recipe: fiveCrop };
    const { out } = await runImages(fakeModel(4, runs), given, [image(1), image(3)], signal);
    expect(runs).toEqual([4, 4, 2]);
    expect(out!.shape).toEqual([2, 2]);
    // (0 + 1 + 4 + 9 + 16) / 5 = 6
    expect([...out!.data]).toEqual([10, 6, 30, 6]);
  });

  it('is one run where there is one view', async () => {
    const runs: number[] = [];
    const given = { input: 'image', recipe: [normalise] };
    const { out } = await runImages(fakeModel(4, runs), given, [image(1), image(3)], signal);
    expect(runs).toEqual([2]);
    expect([...out!.data]).toEqual([10, 0, 30, 0]);
  });
});

it('keeps alpha for a recipe that drops it', () => {
  expect(decodingFor({ recipe: [normalise] })).toEqual({});
  expect(decodingFor({ recipe: [{ step: 'drop-alpha' }, normalise] })).toEqual({ alpha: 'keep' });
  expect(decodingFor({ recipe: [normalise], orientation: 'apply' })).toEqual({ orientation: 'apply' });
});
