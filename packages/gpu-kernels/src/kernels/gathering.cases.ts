/** copy, concat, gather, select: numbers are chosen, so results must be equal. */
import type { KernelCase } from './case.ts';

const exact = { maxNmse: 0, reason: 'numbers are moved, not computed' };

export const gatheringCases: readonly KernelCase[] = [
  { name: 'copy: a slice with steps, one of them backwards', inputs: [[5, 7, 9]], output: [3, 7, 4], step: { op: 'copy', x: 0, offset: 4 * 63 + 1, strides: [-126, 9, 2] } }, // biome-ignore format: a table
  { name: 'copy: one repeated dimension', inputs: [[4, 1, 3]], output: [4, 5, 3], step: { op: 'copy', x: 0, offset: 0, strides: [3, 0, 1] } }, // biome-ignore format: a table
  { name: 'copy: a weight given to every item', inputs: [[2]], output: [3, 70], weights: { w: [1, 70] }, step: { op: 'copy', xWeight: 'w', offset: 0, strides: [0, 1] } }, // biome-ignore format: a table
  { name: 'copy: one number', inputs: [[6]], output: [1], step: { op: 'copy', x: 0, offset: 3, strides: [1] } },
  { name: 'copy: seven dimensions of which memory walks some as one', inputs: [[2, 3, 2, 2, 3, 2, 2]], output: [2, 3, 2, 2, 3, 2, 2], step: { op: 'copy', x: 0, offset: 0, strides: [144, 48, 12, 24, 4, 2, 1] } }, // biome-ignore format: a table
  { name: 'concat: a class token before the patches', inputs: [[1, 33], [49, 33]], output: [50, 33], step: { op: 'concat', parts: [0, 1], dimension: 0 } }, // biome-ignore format: a table
  { name: 'concat: channels of nine images, one twice', inputs: Array.from({ length: 9 }, (_, i) => [5, 3, i + 1]), output: [5, 3, 46], step: { op: 'concat', parts: [0, 1, 2, 3, 4, 5, 6, 7, 8, 0], dimension: 2 } }, // biome-ignore format: a table
  { name: 'concat: a single part', inputs: [[3, 2]], output: [3, 2], step: { op: 'concat', parts: [0], dimension: 1 } },
  { name: 'gather: constant indices in the middle', inputs: [[3, 5, 7]], output: [3, 2, 7], weights: { at: [2] }, range: [-5, 5], whole: true, step: { op: 'gather', x: 0, indicesWeight: 'at', dimension: 1 } }, // biome-ignore format: a table
  { name: 'gather: a table by computed indices', inputs: [[2, 9]], output: [2, 9, 67], weights: { table: [11, 67] }, range: [-10.9, 10.9], whole: true, step: { op: 'gather', xWeight: 'table', indices: 0, dimension: 0 } }, // biome-ignore format: a table
  { name: 'gather: a value by computed indices', inputs: [[4, 13], [3]], output: [4, 3], range: [-13, 13], whole: true, step: { op: 'gather', x: 0, indices: 1, dimension: 1 } }, // biome-ignore format: a table
  { name: 'gather: indices that are no places', inputs: [[7, 3]], output: [12, 3], weights: { at: [12] }, numbers: { at: [6, 7, -7, -8, 0.9, -0.9, 3e9, -3e9, 1e30, Infinity, -Infinity, Number.NaN] }, step: { op: 'gather', x: 0, indicesWeight: 'at', dimension: 0 } }, // biome-ignore format: a table
  { name: 'select: a mask broadcast over heads', inputs: [[1, 5, 5], [3, 5, 5]], output: [3, 5, 5], weights: { low: [1] }, whole: true, range: [-2, 2], step: { op: 'select', c: 0, cStrides: [0, 5, 1], a: 1, aStrides: [25, 5, 1], bWeight: 'low', bStrides: [0, 0, 0] } }, // biome-ignore format: a table
].map((given, index) => ({ ...given, seed: 60 + index, tolerance: exact }) as KernelCase);
