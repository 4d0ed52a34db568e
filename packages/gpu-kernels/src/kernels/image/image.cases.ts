import type { ImageRecipe, RasterImage, ResizeFilter } from '@diptych/plugin-kit';
import { synthesise } from '../../image-ops/synthetic-image.ts';
import type { KernelCase } from '../case.ts';

/** value = pixel: any byte that differs shows. */
const asIs = { step: 'normalise', scale: 1, mean: [0, 0, 0], deviation: [1, 1, 1] } as const;
const imagenet = {
  step: 'normalise',
  scale: 1 / 255,
  mean: [0.485, 0.456, 0.406],
  deviation: [0.229, 0.224, 0.225],
} as const;
const exact = { maxNmse: 0, reason: '8-bit integer arithmetic: bit-equal on every backend' };
const float = { maxNmse: 1e-12, reason: 'float32 with or without fused multiply-add: 1e-6 relative' };

const images = (sizes: readonly (readonly [number, number])[], channels: 3 | 4 = 3): RasterImage[] =>
  sizes.map(([width, height], index) =>
    synthesise(index % 2 === 0 ? 'noise' : 'extremes', width, height, index + 1, channels),
  );

const ragged = images([
  [37, 53],
  [5, 3],
  [224, 20],
  [1, 1],
  [31, 29],
]);

const image = (
  name: string,
  size: readonly [height: number, width: number],
  recipe: ImageRecipe,
  list: readonly RasterImage[],
  tolerance: NonNullable<KernelCase['tolerance']>,
): KernelCase => ({
  name: `image: ${name}`,
  seed: 0,
  inputs: [],
  output: [...size, 3],
  images: list,
  step: { op: 'image', input: 'images', recipe },
  tolerance,
});
const resize = (filter: ResizeFilter, width: number, height: number) => ({ step: 'resize', filter, width, height }) as const;

export const imageCases: readonly KernelCase[] = [
  ...(['pillow-bilinear', 'pillow-bicubic'] as const).flatMap((filter) => [
    image(`${filter}, sizes of all kinds in one batch`, [29, 31], [resize(filter, 31, 29), asIs], ragged, exact),
    image(`${filter}, RGBA`, [17, 16], [resize(filter, 16, 17), asIs], images([[40, 30], [16, 17], [16, 9], [3, 17]], 4), exact), // biome-ignore format: sizes
    image(
      `${filter}, short side then centre crop`,
      [24, 24],
      [{ step: 'resize-short-side', filter, size: 24 }, { step: 'centre-crop', width: 24, height: 24 }, asIs],
      images([[60, 40], [40, 61], [24, 24], [25, 300]]), // biome-ignore format: sizes
      exact,
    ),
  ]),
  image('no resize, only normalise', [9, 11], [imagenet], images([[11, 9], [11, 9]]), float), // biome-ignore format: sizes
  image('crop larger than the image', [9, 8], [{ step: 'centre-crop', width: 8, height: 9 }, asIs], images([[5, 4], [20, 3], [3, 21]]), exact), // biome-ignore format: sizes
  image(
    'crop, then resize, then crop',
    [10, 12],
    [
      { step: 'centre-crop', width: 33, height: 30 },
      resize('pillow-bicubic', 16, 14),
      { step: 'centre-crop', width: 12, height: 10 },
      asIs,
    ],
    ragged,
    exact,
  ),
  image(
    'bicubic 224 as ImageNet networks take it',
    [224, 224],
    [resize('pillow-bicubic', 224, 224), imagenet],
    images([[640, 480]]),
    float,
  ),
  image('TensorFlow align-corners', [24, 25], [resize('tensorflow-align-corners', 25, 24), asIs], ragged, float),
  image(
    'TensorFlow align-corners, short side, crop with padding',
    [30, 20],
    [
      { step: 'resize-short-side', filter: 'tensorflow-align-corners', size: 21 },
      { step: 'centre-crop', width: 20, height: 30 },
      imagenet,
    ],
    images([[50, 40], [9, 13]], 4), // biome-ignore format: sizes
    float,
  ),
];
