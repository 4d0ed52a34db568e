import type { ImageRecipe, RasterImage } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { type Plan, planVersion } from '../graph/plan.ts';
import { synthesise } from '../image-ops/synthetic-image.ts';
import { readRunInputs } from './run-inputs.ts';

const recipe: ImageRecipe = [
  { step: 'five-crop', width: 8, height: 6 },
  { step: 'normalise', scale: 1, mean: [0, 0, 0], deviation: [1, 1, 1] },
];
const shape = [6, 8, 3];
const plan: Plan = {
  version: planVersion,
  name: 'views',
  batch: 2,
  values: [{ id: 0, shape }],
  weights: [],
  steps: [{ op: 'image', name: 'image', input: 'image', recipe, output: 0 }],
  inputs: {},
  outputs: { y: { value: 0, shape } },
};
const read = (image: RasterImage) => readRunInputs(plan, { image: [image] });

describe('images of a run', () => {
  it('may ask for any view of the recipe', () => {
    for (const view of [0, 4]) expect(read({ ...synthesise('noise', 20, 10, 1), view }).items).toBe(1);
  });

  it.each([5, -1, 0.5])('may not ask for view %f of five', (view) => {
    expect(() => read({ ...synthesise('noise', 20, 10, 1), view })).toThrow('its recipe has 5 from 0');
  });

  it('are refused where the recipe cannot take their size', () => {
    expect(() => read(synthesise('noise', 20, 5, 1))).toThrow('a crop of 8x6 needs an image at least as large, got 20x5');
  });
});
