import type { ImageRecipe, RasterImage } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { type Plan, planVersion } from '../graph/plan.ts';
import { synthesise } from '../image-ops/synthetic-image.ts';
import { checkImage } from './image-inputs.ts';
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
const read = (image: RasterImage) => readRunInputs(plan, { image: [image] }, checkImage);

describe('whole numbers of a run', () => {
  const ids: Plan = {
    version: planVersion,
    name: 'text',
    batch: 2,
    values: [[3], [1, 3], [1, 3, 4]].map((of, id) => ({ id, shape: of })),
    weights: [{ name: 'table', shape: [9, 4] }],
    steps: [
      { op: 'reshape', name: 'view', x: 0, output: 1 },
      { op: 'gather', name: 'tokens', xWeight: 'table', indices: 1, dimension: 0, output: 2 },
    ],
    inputs: { ids: 0 },
    outputs: { y: { value: 2, shape: [1, 3, 4] } },
  };
  const given = (text: Plan, ...data: number[]) => readRunInputs(text, { ids: { shape: [1, 3], data: Float32Array.from(data) } }); // biome-ignore format: one line

  it('that name places are places of the table, from the end too', () => {
    expect(given(ids, 0, 8, -9).items).toBe(1);
  });

  it.each([9, -10, 0.5, Number.NaN, Infinity, 2 ** 31])('%f is no place, and refused before a backend sees it', (value) => {
    expect(() => given(ids, 0, value, 0)).toThrow(
      `input "ids" must hold whole numbers from -9 to 8 (places in the 9 rows of "tokens", also from the end), got ${value} at 1.`,
    );
  });

  it('of the file are those that float32 counts', () => {
    const mask: Plan = { ...ids, steps: ids.steps.slice(0, 1), wholeInputs: ['ids'], outputs: { y: { value: 1, shape: [1, 3] } } }; // biome-ignore format: one plan
    expect(given(mask, 2 ** 24 - 1, 1 - 2 ** 24, 0).items).toBe(1);
    for (const value of [2 ** 24, 0.25]) expect(() => given(mask, value, 0, 0)).toThrow('from -16777215 to 16777215');
    expect(given({ ...mask, wholeInputs: [] }, 0.25, 0, 0).items).toBe(1);
  });
});

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
