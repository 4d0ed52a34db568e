import type { KernelCase } from '../case.ts';

interface Normalised {
  readonly name: string;
  readonly shape: readonly number[];
  readonly pixels?: number;
  readonly groups?: number;
  readonly width: number;
  readonly centred?: boolean;
  readonly scale?: boolean;
  readonly bias?: boolean;
  readonly range?: readonly [number, number];
}

const list: readonly Normalised[] = [
  { name: 'layer of 5 numbers', shape: [3, 5], width: 5, scale: true, bias: true },
  { name: 'layer of ViT-B', shape: [2, 768], width: 768, scale: true, bias: true },
  { name: 'layer over two dimensions without parameters', shape: [3, 4, 5], width: 20 },
  { name: 'large mean, small variance', shape: [2, 70], width: 70, range: [1000, 1001] },
  { name: 'root mean square', shape: [7, 33], width: 33, centred: false, scale: true },
  { name: 'groups of channels', shape: [5, 3, 12], pixels: 15, groups: 4, width: 3, scale: true, bias: true },
  { name: 'every channel for itself', shape: [4, 5, 7], pixels: 20, groups: 7, width: 1, scale: true },
  { name: 'rows of 8 by the root mean square', shape: [3, 8], width: 8, centred: false, scale: true },
  { name: 'more words than a workgroup has threads', shape: [2, 1048], width: 1048, bias: true },
  { name: 'one number', shape: [3, 1], width: 1, bias: true },
]; // biome-ignore format: a table

/** float32 cannot hold the mean of numbers about 1000 to better than 6e-5, and the deviations are about 0.3. */
const largeMean = { maxNmse: 1e-6, reason: 'the mean itself is rounded to 1e-4 of the deviation' };

export const normaliseCases: readonly KernelCase[] = list.map(
  ({ name, shape, pixels = 1, groups = 1, width, centred = true, scale, bias, range }, index) => ({
    name: `normalise: ${name}`,
    seed: 60 + index,
    inputs: [shape],
    output: shape,
    weights: {
      ...(scale === true ? { scale: [groups * width] } : {}),
      ...(bias === true ? { bias: [groups * width] } : {}),
    },
    step: {
      op: 'normalise',
      x: 0,
      pixels,
      groups,
      width,
      epsilon: 1e-5,
      centred,
      ...(scale === true ? { scale: 'scale' } : {}),
      ...(bias === true ? { bias: 'bias' } : {}),
    },
    ...(range === undefined ? {} : { range, tolerance: largeMean }),
  }),
);
