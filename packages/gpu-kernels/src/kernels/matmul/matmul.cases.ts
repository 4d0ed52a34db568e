import type { KernelCase } from '../case.ts';

/** More tiles than `mostTiles`. */
const wide = 16 * 2048 + 5;

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
  // As points of an image of many megapixels times a matrix of each item, of AffineGrid.
  {
    name: 'matmul: more tiles of rows than workgroups for them',
    seed: 4,
    inputs: [
      [wide, 1],
      [1, 2],
    ],
    output: [wide, 2],
    step: { op: 'matmul', a: 0, b: 1 },
  },
  {
    name: 'matmul: more tiles of columns than that',
    seed: 5,
    inputs: [
      [2, 1],
      [1, wide],
    ],
    output: [2, wide],
    step: { op: 'matmul', a: 0, b: 1 },
  },
];
