/** Steps that only move numbers: their results must be equal, so their tolerance is zero. */
import type { KernelCase } from './case.ts';

const exact = { maxNmse: 0, reason: 'numbers are moved, not computed' };
const move = (name: string, from: readonly number[], output: readonly number[], step: KernelCase['step']): KernelCase => ({
  name,
  seed: 3,
  inputs: [from],
  output,
  step,
  tolerance: exact,
});

export const movementCases: readonly KernelCase[] = [
  move('transpose: to channels-last', [3, 5, 7], [5, 7, 3], { op: 'transpose', x: 0, permutation: [1, 2, 0] }),
  move('transpose: back', [5, 7, 3], [3, 5, 7], { op: 'transpose', x: 0, permutation: [2, 0, 1] }),
  move('transpose: a matrix', [33, 70], [70, 33], { op: 'transpose', x: 0, permutation: [1, 0] }),
  move('transpose: four dimensions', [2, 3, 4, 5], [4, 2, 5, 3], { op: 'transpose', x: 0, permutation: [2, 0, 3, 1] }),
  move('reshape: flatten', [3, 5, 7], [105], { op: 'reshape', x: 0 }),
  move('pad: four sides with a value', [3, 4, 2], [8, 9, 2], { op: 'pad', x: 0, pads: [1, 2, 4, 3], value: 0.5 }),
  move('pad: negative crops', [6, 7, 3], [4, 7, 3], { op: 'pad', x: 0, pads: [-1, 1, -1, -1], value: 0 }),
  move('resize-nearest: twice', [3, 5, 7], [6, 10, 7], { op: 'resize-nearest', x: 0 }),
  move('resize-nearest: to fewer pixels', [10, 9, 2], [5, 3, 2], { op: 'resize-nearest', x: 0 }),
  move('resize-nearest: ratio that is not whole', [4, 6, 3], [6, 9, 3], { op: 'resize-nearest', x: 0 }),
];
