import type { KernelCase } from '../case.ts';

interface Conv {
  readonly name: string;
  /** Height, width, channels. */
  readonly from: readonly [number, number, number];
  readonly outputs: number;
  readonly kernel: readonly [number, number];
  readonly strides?: readonly [number, number];
  readonly pads?: readonly [number, number, number, number];
  readonly dilations?: readonly [number, number];
  readonly groups?: number;
  readonly bits?: 8 | 16;
  readonly zeroPoint?: number;
  readonly bias?: boolean;
  readonly scale?: boolean;
  readonly requantize?: Extract<KernelCase['step'], { op: 'conv2d-integer' }>['requantize'];
}

const exact = {
  maxNmse: 0,
  reason: 'integers below 2^24, or one float32 product of them: nothing is rounded in another order',
};
const wordsOf = (inner: number, bits: 8 | 16): number => Math.ceil((inner * bits) / 32);

const list: readonly Conv[] = [
  { name: 'one pixel, one channel', from: [1, 1, 1], outputs: 1, kernel: [1, 1] },
  { name: 'sizes that no tile divides', from: [7, 5, 3], outputs: 67, kernel: [3, 3], pads: [1, 1, 1, 1], zeroPoint: 128 },
  { name: 'weights of 16 bits', from: [6, 7, 5], outputs: 9, kernel: [3, 3], pads: [1, 1, 1, 1], bits: 16, zeroPoint: 3, bias: true },
  { name: 'asymmetric', from: [9, 13, 4], outputs: 6, kernel: [2, 5], strides: [3, 2], pads: [1, 0, 2, 3], dilations: [2, 1] },
  { name: 'requantised', from: [6, 6, 9], outputs: 9, kernel: [3, 3], bias: true, scale: true, zeroPoint: 100, requantize: { zeroPoint: 3, min: 0, max: 255 } },
  { name: 'depthwise, requantised', from: [6, 6, 13], outputs: 13, kernel: [3, 3], pads: [1, 1, 1, 1], groups: 13, bias: true, scale: true, requantize: { zeroPoint: -5, min: -128, max: 127 } },
  { name: 'two groups, weights of 16 bits', from: [6, 7, 10], outputs: 6, kernel: [3, 3], strides: [2, 2], groups: 2, bits: 16, zeroPoint: 9 },
  { name: 'sums beyond 2^24', from: [3, 3, 300], outputs: 5, kernel: [3, 3], bits: 16, bias: true },
]; // biome-ignore format: a table

const convs: readonly KernelCase[] = list.map((conv, index) => {
  const { strides = [1, 1], pads = [0, 0, 0, 0], dilations = [1, 1], groups = 1, bits = 8, zeroPoint = 0 } = conv;
  const [height, width, channels] = conv.from;
  const size = (input: number, axis: 0 | 1): number =>
    Math.floor(
      (input + pads[axis] + pads[axis === 0 ? 2 : 3] - dilations[axis] * (conv.kernel[axis] - 1) - 1) / strides[axis],
    ) + 1;
  return {
    name: `conv2d-integer: ${conv.name}`,
    seed: 70 + index,
    inputs: [conv.from],
    output: [size(height, 0), size(width, 1), conv.outputs],
    whole: true,
    range: [0, 256],
    weights: {
      weight: [conv.outputs, wordsOf((conv.kernel[0] * conv.kernel[1] * channels) / groups, bits)],
      ...(conv.bias ? { bias: [conv.outputs] } : {}),
      ...(conv.scale ? { scale: [conv.outputs] } : {}),
    },
    words: { weight: bits, bias: 32 },
    ranges: { scale: [1e-5, 2e-4] },
    step: {
      op: 'conv2d-integer', x: 0, zeroPoint, weight: 'weight', weightBits: bits, kernel: conv.kernel, strides, pads, dilations, groups,
      ...(conv.bias ? { bias: 'bias' } : {}),
      ...(conv.scale ? { scale: 'scale' } : {}),
      ...(conv.requantize ? { requantize: conv.requantize } : {}),
    }, // biome-ignore format: a table
    tolerance: exact,
  };
});

const gemm = (
  name: string,
  x: readonly number[],
  outputs: number,
  rest: Partial<Extract<KernelCase['step'], { op: 'gemm-integer' }>> = {},
): KernelCase => ({
  name: `gemm-integer: ${name}`,
  seed: 90,
  inputs: [x],
  output: [...x.slice(0, -1), outputs],
  whole: true,
  range: [-128, 128],
  weights: {
    weight: [outputs, wordsOf(x.at(-1)!, rest.weightBits ?? 8)],
    ...(rest.bias === undefined ? {} : { bias: [outputs] }),
    ...(rest.scale === undefined ? {} : { scale: [outputs] }),
  },
  words: { weight: rest.weightBits ?? 8, bias: 32 },
  ranges: { scale: [1e-5, 2e-4] },
  step: { op: 'gemm-integer', x: 0, zeroPoint: 0, weight: 'weight', weightBits: 8, ...rest },
  tolerance: exact,
});

export const integerProductCases: readonly KernelCase[] = [
  ...convs,
  gemm('one by one', [1], 1),
  gemm('rows of a matrix an item', [13, 33], 70, { bias: 'bias', scale: 'scale', zeroPoint: -7 }),
  gemm('weights of 16 bits', [5, 131], 19, { weightBits: 16, zeroPoint: 12 }),
  gemm('a thousand classes', [1280], 1000, { bias: 'bias', requantize: { zeroPoint: 1, min: 0, max: 255 }, scale: 'scale' }),
]; // biome-ignore format: a table
