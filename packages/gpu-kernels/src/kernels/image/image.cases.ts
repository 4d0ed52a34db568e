import {
  byteFilters,
  floatFilters,
  type ImageRecipe,
  type RasterImage,
  type RecipeStep,
  type ResizeFilter,
} from '@diptych/plugin-kit/runtime';
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
type Tolerance = NonNullable<KernelCase['tolerance']>;
const exact: Tolerance = { maxNmse: 0, reason: '8-bit integer arithmetic: bit-equal on every backend' };
const float: Tolerance = { maxNmse: 1e-12, reason: 'float32 with or without fused multiply-add: 1e-6 relative' };
const rounded: Tolerance = {
  maxNmse: 1e-5,
  reason: 'float32 sums rounded to bytes: WebGPU may fuse multiply and add, so a few bytes at a half differ by one',
};

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
  size: readonly [height: number, width: number, channels?: number],
  recipe: ImageRecipe,
  list: readonly RasterImage[],
  tolerance: Tolerance,
): KernelCase => ({
  name: `image: ${name}`,
  seed: 0,
  inputs: [],
  output: [size[0], size[1], size[2] ?? 3],
  images: list,
  step: { op: 'image', input: 'images', recipe },
  tolerance,
});
const resize = (filter: ResizeFilter, width: number, height: number) => ({ step: 'resize', filter, width, height }) as const;
const crop = (width: number, height: number) => ({ step: 'centre-crop', width, height }) as const;

const bytes = byteFilters.flatMap((filter): KernelCase[] => {
  const tolerance = filter === 'opencv-area' ? rounded : exact;
  return [
    image(`${filter}, sizes of all kinds in one batch`, [29, 31], [resize(filter, 31, 29), asIs], ragged, tolerance),
    image(
      `${filter}, RGBA kept and dropped, then crop`,
      [15, 12],
      [resize(filter, 16, 17), crop(12, 15), { step: 'drop-alpha' }, asIs],
      [...images([[40, 30], [16, 17], [16, 9], [32, 34]], 4), ...images([[80, 51]])], // biome-ignore format: sizes
      tolerance,
    ),
  ];
});

const floats = floatFilters.flatMap((filter): KernelCase[] => [
  ...(filter.startsWith('torch-nearest')
    ? []
    : [
        image(
          `${filter}, an image that has the size, then steps on floats`,
          [12, 14],
          [resize(filter, 14, 12), { step: 'laplacian' }, { step: 'round' }, { step: 'log', epsilon: 1 }, asIs],
          images([[14, 12], [9, 13], [14, 11]]), // biome-ignore format: sizes
          rounded,
        ),
      ]),
  image(`${filter}, far from 0`, [1, 599], [resize(filter, 599, 1), asIs], images([[600, 1]]), float),
  image(filter, [24, 25], [resize(filter, 25, 24), asIs], ragged, float),
  image(
    `${filter}, short side, crop with padding`,
    [30, 20],
    [{ step: 'resize-short-side', filter, size: 21 }, crop(20, 30), imagenet],
    images([[50, 40], [9, 13]], 4), // biome-ignore format: sizes
    float,
  ),
  image(
    `${filter} of floats`,
    [12, 9],
    [imagenet, resize(filter, 9, 12), imagenet],
    images([[50, 40], [9, 13]]), // biome-ignore format: sizes
    float,
  ),
]);

const moved = (name: string, size: readonly [number, number], step: RecipeStep, list = ragged): KernelCase =>
  image(name, size, [step, crop(size[1], size[0]), asIs], list, exact);
const sizes = { width: 10, height: 8 };
const views = Array.from({ length: 10 }, (_, view) => ({ ...synthesise('noise', 23, 17, 3), view }));
const geometry: readonly KernelCase[] = [
  image('crop larger than the image', [9, 8], [crop(8, 9), asIs], images([[5, 4], [20, 3], [3, 21]]), exact), // biome-ignore format: sizes
  image('no resize, only normalise', [9, 11], [imagenet], images([[11, 9], [11, 9]]), float), // biome-ignore format: sizes
  image(
    'crop, then resize, then crop',
    [10, 12],
    [crop(33, 30), resize('pillow-bicubic', 16, 14), crop(12, 10), asIs],
    ragged,
    exact,
  ),
  image(
    'bicubic short side and centre crop as CLIP takes it',
    [224, 224],
    [{ step: 'resize-short-side', filter: 'pillow-bicubic', size: 224 }, crop(224, 224), imagenet],
    images([[640, 480]]),
    float,
  ),
  ...(['constant', 'reflect', 'symmetric', 'replicate', 'wrap'] as const).map((mode) =>
    moved(`pad, ${mode}`, [40, 50], { step: 'pad', left: 20, top: 7, right: 9, bottom: 31, mode, value: 200 }),
  ),
  ...(['centre', 'bottom-right'] as const).map((place) =>
    moved(`pad to a square, ${place}`, [30, 30], { step: 'pad-to-square', place, mode: 'constant', value: 9 }),
  ),
  image('wrap what is small, no resize', [60, 60], [{ step: 'pad-to', width: 60, height: 60, place: 'top-left', mode: 'wrap' }, crop(60, 60), asIs], ragged, exact), // biome-ignore format: one recipe
  image('five crops', [8, 10], [{ step: 'five-crop', ...sizes }, asIs], views.slice(0, 5), exact),
  image('five crops on a grid, and tiles of what is small', [8, 10], [{ step: 'five-crop-on-grid', ...sizes, grid: 2 }, asIs], [...views.slice(0, 5), ...images([[7, 21]])], exact), // biome-ignore format: one recipe
  moved('centre crop, halves down', [8, 10], { step: 'centre-crop', ...sizes, halves: 'down' }, images([[21, 33], [13, 7]])), // biome-ignore format: sizes
  image(
    'ten crops after a resize',
    [8, 10],
    [resize('pillow-lanczos', 19, 13), { step: 'ten-crop', ...sizes }, asIs],
    views,
    exact,
  ),
  image('random crops', [8, 10], [{ step: 'random-crop', ...sizes, seed: 77, views: 10 }, asIs], views, exact),
  moved('corner crop', [8, 10], { step: 'corner-crop', corner: 'top-right', ...sizes }, images([[20, 9], [11, 8]])), // biome-ignore format: sizes
  moved('flips', [20, 20], { step: 'flip', axis: 'vertical' }),
  moved('even part', [20, 20], { step: 'even-trim' }, images([[21, 33], [20, 7]])), // biome-ignore format: sizes
  image(
    'letterbox as YOLO takes it, BGR',
    [32, 40],
    [{ step: 'letterbox', filter: 'opencv-bilinear', width: 40, height: 32, value: 114 }, { step: 'bgr' }, asIs],
    ragged,
    exact,
  ),
  moved('long side', [16, 16], { step: 'resize-long-side', filter: 'pillow-box', size: 16 }),
];

const grey = { step: 'normalise', scale: 1 / 127.5, mean: [1], deviation: [0.5] } as const;
const pointwise: readonly KernelCase[] = [
  image('grey in three channels', [20, 20], [crop(20, 20), { step: 'grey', channels: 3 }, asIs], ragged, exact),
  image(
    'grey in one channel, resized after',
    [14, 13, 1],
    [{ step: 'grey', channels: 1 }, resize('pillow-hamming', 13, 14), grey],
    ragged,
    float,
  ),
  image(
    'a byte tensor resized by torchvision: floats, rounded, then normalised',
    [14, 13],
    [resize('torch-bilinear-antialias', 13, 14), { step: 'round' }, imagenet],
    ragged,
    { maxNmse: 1e-5, reason: 'float32 sums rounded to whole levels: at a half they may go either way' },
  ),
];

const photoLike = (width: number, height: number, seed: number): RasterImage => synthesise('gradient', width, height, seed);
const small = images([[24, 20], [64, 64], [17, 31]]); // biome-ignore format: sizes
const transformed = (name: string, size: readonly [number, number, number?], steps: ImageRecipe, tolerance = float) =>
  image(name, size, [crop(24, 20), imagenet, ...steps], small, tolerance);
const spectral: Tolerance = {
  maxNmse: 1e-11,
  reason: 'float32 sums of hundreds of terms instead of float64: 1e-6 relative to the largest',
};
const logarithm: Tolerance = {
  maxNmse: 1e-6,
  reason: 'the logarithm magnifies the float32 rounding of values near zero',
};
const patches = { step: 'texture-patches', patch: 8, count: 30, width: 40, height: 16, seed: 5 } as const;
const texts = [...images([[40, 31], [24, 20]]), photoLike(50, 40, 1)]; // biome-ignore format: sizes

const residuals: readonly KernelCase[] = [
  ...(['4:2:0', '4:4:4'] as const).flatMap((chroma) =>
    ([30, 92] as const).map((quality) =>
      image(
        `JPEG at ${quality}, ${chroma}`,
        [40, 50],
        [{ step: 'jpeg', quality, chroma }, crop(50, 40), asIs],
        [...ragged, photoLike(48, 64, 3)],
        exact,
      ),
    ),
  ),
  image(
    'Gaussian noise',
    [30, 30],
    [{ step: 'gaussian-noise', sigma: 12, seed: 0xfedcba98 }, crop(30, 30), asIs],
    ragged,
    exact,
  ),
  image('Gaussian blur of bytes', [30, 30], [{ step: 'gaussian-blur', sigma: 1.5 }, crop(30, 30), asIs], ragged, exact),
  image('rich patches', [16, 40], [{ ...patches, keep: 'rich' }, asIs], texts, exact),
  image('poor patches', [16, 40], [{ ...patches, keep: 'poor' }, asIs], texts, exact),
  image(
    'a rung of a resize ladder',
    [20, 24],
    [{ step: 'resize-and-back', filter: 'pillow-bicubic', factor: 0.37 }, crop(24, 20), asIs],
    ragged,
    exact,
  ),
  image(
    'a resize by a factor',
    [20, 24],
    [{ step: 'resize-by', filter: 'opencv-bilinear', factor: 1.5 }, crop(24, 20), asIs],
    ragged,
    exact,
  ),
  transformed('Gaussian blur of floats', [20, 24], [{ step: 'gaussian-blur', sigma: 0.8 }]),
  transformed('NPR', [20, 24], [{ step: 'npr' }]),
  transformed('diagonal gradient', [20, 24], [{ step: 'diagonal-gradient' }], spectral),
  transformed('Laplacian', [20, 24], [{ step: 'laplacian' }], spectral),
  transformed('3 SRM filters', [20, 24], [{ step: 'srm', filters: 3 }], spectral),
  transformed('30 SRM filters', [20, 24, 30], [{ step: 'srm', filters: 30 }], spectral),
  transformed('DCT', [20, 24], [{ step: 'dct' }], spectral),
  transformed('DCT, log', [20, 24], [{ step: 'dct' }, { step: 'log', epsilon: 1e-3 }], logarithm),
  transformed('HH band, resized', [20, 24], [{ step: 'dwt-hh' }, resize('torch-bilinear-antialias', 24, 20)]),
  transformed('power spectrum', [20, 24], [{ step: 'power-spectrum' }], spectral),
  ...([[16, 24], [20, 16], [64, 32], [1, 128], [256, 2]] as const).map(([height, width]) =>
    image(`power spectrum of ${width}x${height}`, [height, width], [crop(width, height), imagenet, { step: 'power-spectrum' }], small, spectral),
  ), // biome-ignore format: powers of two across, down, both, and a single line
  transformed(
    'azimuthal mean, log',
    [1, 9],
    [{ step: 'power-spectrum' }, { step: 'azimuthal-mean', length: 9 }, { step: 'log', epsilon: 1e-12 }],
    logarithm,
  ),
];

export const imageCases: readonly KernelCase[] = [...bytes, ...floats, ...geometry, ...pointwise, ...residuals];
