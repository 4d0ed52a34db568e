import type { KernelCase } from '../case.ts';

const pool = (
  name: string,
  from: readonly [number, number, number],
  output: readonly [number, number],
  step: Omit<Extract<KernelCase['step'], { op: 'pool' }>, 'op' | 'x' | 'dilations'> & {
    readonly dilations?: readonly [number, number];
  },
): KernelCase => ({
  name: `pool: ${name}`,
  seed: 7,
  inputs: [from],
  output: [...output, from[2]],
  step: { op: 'pool', x: 0, dilations: [1, 1], ...step },
});

export const poolCases: readonly KernelCase[] = [
  pool('max 3x3 stride 2 with pads, all negative', [7, 9, 5], [4, 5], {
    function: 'max',
    kernel: [3, 3],
    strides: [2, 2],
    pads: [1, 1, 1, 1],
    countPad: false,
  }),
  pool('max 2x2', [6, 4, 3], [3, 2], {
    function: 'max',
    kernel: [2, 2],
    strides: [2, 2],
    pads: [0, 0, 0, 0],
    countPad: false,
  }),
  pool('mean without pads', [7, 9, 5], [7, 9], {
    function: 'average',
    kernel: [3, 3],
    strides: [1, 1],
    pads: [1, 1, 1, 1],
    countPad: false,
  }),
  pool('mean with pads', [7, 9, 5], [4, 9], {
    function: 'average',
    kernel: [3, 2],
    strides: [2, 1],
    pads: [1, 0, 1, 1],
    countPad: true,
  }),
  pool('max dilated, one window more than fits', [8, 9, 3], [3, 4], {
    function: 'max',
    kernel: [3, 2],
    strides: [2, 3],
    dilations: [2, 1],
    pads: [1, 1, 0, 1],
    countPad: false,
  }),
  pool('mean with pads, one window more than fits', [6, 8, 3], [4, 4], {
    function: 'average',
    kernel: [3, 3],
    strides: [2, 2],
    pads: [1, 0, 1, 0],
    countPad: true,
  }),
  pool('mean without pads, one window more than fits', [6, 8, 3], [3, 4], {
    function: 'average',
    kernel: [3, 3],
    strides: [2, 2],
    pads: [0, 0, 0, 0],
    countPad: false,
  }),
  pool('sum over five neighbours of a row', [6, 11, 1], [6, 11], {
    function: 'sum',
    kernel: [1, 5],
    strides: [1, 1],
    pads: [0, 2, 0, 2],
    countPad: false,
  }),
].map((given, index) => (index === 0 ? { ...given, range: [-2, -1] as const } : given));

export const reductionCases: readonly KernelCase[] = [
  {
    name: 'global-average-pool: 7x7x1280',
    seed: 1,
    inputs: [[7, 7, 1280]],
    output: [1280],
    step: { op: 'global-average-pool', x: 0 },
  },
  {
    name: 'global-average-pool: one pixel',
    seed: 2,
    inputs: [[1, 1, 3]],
    output: [3],
    step: { op: 'global-average-pool', x: 0 },
  },
  {
    name: 'global-average-pool: large mean',
    seed: 3,
    inputs: [[56, 56, 5]],
    output: [5],
    step: { op: 'global-average-pool', x: 0 },
    range: [1000, 1001],
  },
  {
    name: 'reduce: mean of the first dimension',
    seed: 4,
    inputs: [[5, 3, 7]],
    output: [1, 3, 7],
    step: { op: 'reduce', function: 'mean', x: 0, dimension: 0 },
  },
  {
    name: 'reduce: sum of the middle',
    seed: 5,
    inputs: [[5, 3, 7]],
    output: [5, 1, 7],
    step: { op: 'reduce', function: 'sum', x: 0, dimension: 1 },
  },
  ...(['max', 'min', 'product'] as const).map(
    (name, index): KernelCase => ({
      name: `reduce: ${name} of the middle`,
      seed: 50 + index,
      inputs: [[5, 4, 7]],
      output: [5, 1, 7],
      step: { op: 'reduce', function: name, x: 0, dimension: 1 },
      range: [-2, -1],
    }),
  ),
  {
    name: 'reduce: sum of the last',
    seed: 6,
    inputs: [[5, 3, 70]],
    output: [5, 3, 1],
    step: { op: 'reduce', function: 'sum', x: 0, dimension: 2 },
  },
];
