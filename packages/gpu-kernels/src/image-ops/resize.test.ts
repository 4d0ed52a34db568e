import { byteFilters, floatFilters, type RasterImage, type RecipeStep, type ResizeFilter } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { digestOf, golden } from './goldens.ts';
import { prepareImage } from './prepare-image.ts';
import { type SyntheticKind, synthesise } from './synthetic-image.ts';

interface Resize {
  filter: ResizeFilter;
  kind: SyntheticKind;
  seed: number;
  channels: 3 | 4;
  from: [number, number];
  to: [number, number];
}
interface Sampled {
  /** Every `step`-th sample. */
  step: number;
  values: number[];
}
interface ResizeGoldens {
  bytes: (Resize & { sha256: string })[];
  floats: (Resize & Sampled)[];
  far: (Resize & Sampled)[];
}
interface TensorflowGoldens {
  cases: (Sampled & {
    kind: SyntheticKind;
    seed: number;
    width: number;
    height: number;
    toWidth: number;
    toHeight: number;
  })[];
}
const goldens = golden<ResizeGoldens>('resize.json');

const plain = { step: 'normalise', scale: 1, mean: [0, 0, 0], deviation: [1, 1, 1] } as const;
const imageOf = ({ kind, from, seed, channels }: Resize): RasterImage => synthesise(kind, ...from, seed, channels);
const resizeOf = ({ filter, to }: Resize): RecipeStep => ({ step: 'resize', filter, width: to[0], height: to[1] });

function largestDifference(data: ArrayLike<number>, { step, values }: Sampled): number {
  const sampled = Array.from(data).filter((_, index) => index % step === 0);
  expect(sampled).toHaveLength(values.length);
  return Math.max(...sampled.map((value, index) => Math.abs(value - values[index]!)));
}

describe('8-bit resizes', () => {
  it.each(byteFilters)('%s gives the bytes of its library', (filter) => {
    const cases = goldens.bytes.filter((golden) => golden.filter === filter);
    expect(cases).toHaveLength(filter.startsWith('pillow') ? 34 : 17);
    const different = cases.filter(
      (golden) => digestOf(prepareImage(imageOf(golden), [resizeOf(golden), { step: 'drop-alpha' }])) !== golden.sha256,
    );
    expect(different).toEqual([]);
  });
});

describe('float32 resizes', () => {
  it.each(floatFilters.filter((filter) => filter !== 'tensorflow-align-corners'))(
    '%s is within a thousandth of a level of its library',
    (filter) => {
      const cases = goldens.floats.filter((golden) => golden.filter === filter);
      expect(cases).toHaveLength(17);
      // The formula of `tensorflow-half-pixel` was run in float64; TensorFlow and we have positions in float32.
      const tolerance = filter === 'tensorflow-half-pixel' ? 2e-2 : 1e-3;
      const differences = cases.map((golden) =>
        largestDifference(prepareImage(imageOf(golden), [resizeOf(golden), plain]).data, golden),
      );
      expect(Math.max(...differences)).toBeLessThan(tolerance);
    },
  );

  it.each(goldens.far)('$filter from $from to $to rounds positions as torch does', (far) => {
    expect(largestDifference(prepareImage(imageOf(far), [resizeOf(far), plain]).data, far)).toBeLessThan(1e-3);
  });

  it.each(golden<TensorflowGoldens>('tensorflow.json').cases)(
    'tensorflow-align-corners $width x $height to $toWidth x $toHeight is within 1e-3 of TensorFlow.js',
    ({ kind, width, height, seed, toWidth, toHeight, ...sampled }) => {
      // TensorFlow.js computes coordinates in float64, TensorFlow in float32: they differ by less than 255 · 1e-6 · size.
      const resize = { step: 'resize', filter: 'tensorflow-align-corners', width: toWidth, height: toHeight } as const;
      const { data } = prepareImage(synthesise(kind, width, height, seed), [resize, plain]);
      expect(largestDifference(data, sampled)).toBeLessThan(1e-3 * Math.max(1, Math.max(width, height) / 25));
    },
  );
});
