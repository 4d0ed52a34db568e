import type { KernelCase } from '../case.ts';

export const matmulCases: readonly KernelCase[] = [
  {
    name: 'matmul: two values, sizes that no tile divides',
    seed: 1,
    inputs: [
      [3, 17, 19],
      [3, 19, 21],
    ],
    output: [3, 17, 21],
    step: { op: 'matmul', a: 0, b: 1 },
  },
  {
    name: 'matmul: constant left operand',
    seed: 2,
    inputs: [[2, 5, 7]],
    output: [2, 4, 7],
    weights: { left: [4, 5] },
    step: { op: 'matmul', aWeight: 'left', b: 0 },
  },
  {
    name: 'matmul: constant right operand',
    seed: 3,
    inputs: [[16, 1]],
    output: [16, 33],
    weights: { right: [1, 33] },
    step: { op: 'matmul', a: 0, bWeight: 'right' },
  },
];
