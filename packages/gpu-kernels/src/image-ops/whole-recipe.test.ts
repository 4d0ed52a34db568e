import type { ImageRecipe } from '@diptych/plugin-kit';
import { expect, it } from 'vitest';
import { wholeRange } from './whole-recipe.ts';

const normalise = (scale: number, mean: number, deviation = 1) =>
  ({ step: 'normalise', scale, mean: [mean, mean, mean], deviation: [deviation, deviation, deviation] }) as const;
const asIs = normalise(1, 0);
const resize = (filter: 'pillow-bilinear' | 'torch-bilinear' | 'torch-nearest') =>
  ({ step: 'resize', filter, width: 4, height: 4 }) as const;
const pad = { step: 'pad', left: 1, top: 0, right: 0, bottom: 0, mode: 'constant', value: 255 } as const;

it.each<[string, ImageRecipe, [number, number] | undefined]>([
  ['bytes as they are', [resize('pillow-bilinear'), asIs], [0, 255]],
  ['bytes about 0', [normalise(1, 128)], [-128, 127]],
  ['a blur of bytes', [{ step: 'gaussian-blur', sigma: 1 }, asIs], [0, 255]],
  ['moved after it', [asIs, { step: 'flip', axis: 'horizontal' }, resize('torch-nearest')], [0, 255]],
  ['a border of 255 around signed bytes', [normalise(1, 128), pad], [-128, 255]],
  ['from 0 to 1', [normalise(1 / 255, 0)], undefined],
  ['a half as mean', [normalise(1, 0.5)], undefined],
  ['a deviation', [normalise(1, 0, 2)], undefined],
  ['resized as floats', [resize('torch-bilinear'), asIs], undefined],
  ['resized as floats after it', [asIs, resize('torch-bilinear')], undefined],
  ['rounded', [resize('torch-bilinear'), { step: 'round' }, asIs], [0, 255]],
  ['rounded, then divided', [asIs, { step: 'round' }, normalise(1 / 255, 0)], undefined],
  ['a transform', [asIs, { step: 'dct' }], undefined],
])('%s', (_, recipe, range) => {
  expect(wholeRange(recipe)).toEqual(range && { low: range[0], high: range[1] });
});
