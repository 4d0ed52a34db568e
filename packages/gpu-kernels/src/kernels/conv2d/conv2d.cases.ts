import type { Activation } from '../../graph/plan-scalars.ts';
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
  readonly activation?: Activation;
  readonly bias?: boolean;
  readonly residual?: boolean;
  readonly batch?: number;
}

const relu6: Activation = { kind: 'clip', min: 0, max: 6 };
const one = [1, 1] as const;
const three = [3, 3] as const;
const same = [1, 1, 1, 1] as const;
/** What TensorFlow's SAME padding gives for stride 2 on even sizes. */
const sameEven = [0, 0, 1, 1] as const;

const list: readonly Conv[] = [
  { name: 'one pixel, one channel', from: [1, 1, 1], outputs: 1, kernel: one },
  { name: 'sizes that no tile divides', from: [7, 5, 3], outputs: 67, kernel: three, pads: same },
  { name: 'inner dimension of 17', from: [3, 11, 17], outputs: 5, kernel: one },
  {
    name: 'asymmetric pads, strides and kernel',
    from: [9, 13, 4],
    outputs: 6,
    kernel: [2, 5],
    strides: [3, 2],
    pads: [1, 0, 2, 3],
  },
  { name: 'dilated', from: [12, 10, 3], outputs: 4, kernel: three, dilations: [2, 3], pads: [2, 3, 2, 3] },
  {
    name: 'bias, residual, relu',
    from: [6, 6, 9],
    outputs: 9,
    kernel: three,
    pads: same,
    bias: true,
    residual: true,
    activation: { kind: 'relu' },
  },
  { name: 'sigmoid', from: [4, 4, 8], outputs: 3, kernel: one, bias: true, activation: { kind: 'sigmoid' } },
  { name: 'swish', from: [4, 5, 8], outputs: 3, kernel: three, activation: { kind: 'swish', alpha: 1 } },
  {
    name: 'depthwise, hard-swish',
    from: [5, 6, 7],
    outputs: 7,
    kernel: three,
    groups: 7,
    activation: { kind: 'hard-swish' },
  },
  { name: 'two groups, leaky-relu', from: [5, 6, 8], outputs: 6, kernel: three, groups: 2, activation: { kind: 'leaky-relu', alpha: 0.1 } }, // biome-ignore format: a table
  { name: 'pointwise with stride 2', from: [8, 6, 5], outputs: 7, kernel: one, strides: [2, 2] },
  { name: 'two groups', from: [6, 7, 8], outputs: 6, kernel: three, pads: same, groups: 2, bias: true },
  { name: 'depthwise with multiplier 2', from: [5, 6, 7], outputs: 14, kernel: three, groups: 7, pads: same },
  {
    name: 'depthwise, stride 2, residual',
    from: [6, 6, 5],
    outputs: 5,
    kernel: three,
    strides: [2, 2],
    groups: 5,
    pads: sameEven,
    residual: true,
    bias: true,
  },
  { name: 'batch of one', from: [5, 5, 3], outputs: 8, kernel: three, batch: 1 },
  {
    name: 'MobileNetV2 stem',
    from: [224, 224, 3],
    outputs: 32,
    kernel: three,
    strides: [2, 2],
    pads: sameEven,
    bias: true,
    activation: relu6,
    batch: 1,
  },
  {
    name: 'MobileNetV2 depthwise 112',
    from: [112, 112, 32],
    outputs: 32,
    kernel: three,
    pads: same,
    groups: 32,
    bias: true,
    activation: relu6,
    batch: 1,
  },
  {
    name: 'MobileNetV2 depthwise stride 2',
    from: [112, 112, 96],
    outputs: 96,
    kernel: three,
    strides: [2, 2],
    pads: sameEven,
    groups: 96,
    bias: true,
    activation: relu6,
    batch: 1,
  },
  {
    name: 'MobileNetV2 projection with residual',
    from: [28, 28, 192],
    outputs: 32,
    kernel: one,
    bias: true,
    residual: true,
    batch: 1,
  },
  { name: 'MobileNetV2 last projection', from: [7, 7, 960], outputs: 320, kernel: one, bias: true, batch: 1 },
];

export const conv2dCases: readonly KernelCase[] = list.map((conv, index) => {
  const { strides = one, pads = [0, 0, 0, 0], dilations = one, groups = 1, activation = { kind: 'none' } as const } = conv;
  const [height, width, channels] = conv.from;
  const size = (input: number, axis: 0 | 1): number =>
    Math.floor(
      (input + pads[axis] + pads[axis === 0 ? 2 : 3] - dilations[axis] * (conv.kernel[axis] - 1) - 1) / strides[axis],
    ) + 1;
  const output = [size(height, 0), size(width, 1), conv.outputs];
  return {
    name: `conv2d: ${conv.name}`,
    seed: index,
    inputs: conv.residual ? [conv.from, output] : [conv.from],
    output,
    weights: {
      weight: [conv.outputs, ...conv.kernel, channels / groups],
      ...(conv.bias ? { bias: [conv.outputs] } : {}),
    },
    step: {
      op: 'conv2d',
      x: 0,
      weight: 'weight',
      ...(conv.bias ? { bias: 'bias' } : {}),
      ...(conv.residual ? { residual: 1 } : {}),
      strides,
      pads,
      dilations,
      groups,
      activation,
    },
    ...(conv.batch === undefined ? {} : { batch: conv.batch }),
  };
});

const gemm = (
  name: string,
  x: readonly number[],
  outputs: number,
  rest: Partial<Extract<KernelCase['step'], { op: 'gemm' }>> = {},
): KernelCase => {
  const output = [...x.slice(0, -1), outputs];
  return {
    name: `gemm: ${name}`,
    seed: 40,
    inputs: rest.residual === undefined ? [x] : [x, output],
    output,
    weights: { weight: [outputs, x.at(-1)!], ...(rest.bias === undefined ? {} : { bias: [outputs] }) },
    step: { op: 'gemm', x: 0, weight: 'weight', activation: { kind: 'none' }, ...rest },
  };
};

export const gemmCases: readonly KernelCase[] = [
  gemm('one by one', [1], 1),
  gemm('classifier of MobileNetV2', [1280], 5, { bias: 'bias' }),
  gemm('rows of a matrix an item', [13, 33], 70, { bias: 'bias', residual: 1, activation: { kind: 'relu' } }),
  gemm('many tiles, four neighbours but not eight a row', [150, 40], 140, { bias: 'bias', activation: { kind: 'relu' } }),
  gemm('gelu and a residual', [9, 33], 21, { bias: 'bias', residual: 1, activation: { kind: 'gelu' } }),
  gemm('gelu-tanh', [5, 17], 70, { activation: { kind: 'gelu-tanh' } }),
  gemm('few rows, and an inner dimension that workgroups share unevenly', [3, 1100], 70, { bias: 'bias', residual: 1, activation: { kind: 'relu' } }), // biome-ignore format: a table
  gemm('workgroups share an inner dimension of no four', [2, 771], 9, { activation: { kind: 'swish', alpha: 1 } }),
  gemm('a thousand classes', [320], 1000, { bias: 'bias', activation: { kind: 'sigmoid' } }),
];
