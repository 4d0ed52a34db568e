import { binaryFunctions } from '../../graph/plan-scalars.ts';
import type { KernelCase } from '../case.ts';

export const binaryCases: readonly KernelCase[] = [
  ...binaryFunctions.map(
    (name, index): KernelCase => ({
      name: `binary: ${name} of two values`,
      seed: index,
      inputs: [
        [3, 5, 7],
        [3, 5, 7],
      ],
      output: [3, 5, 7],
      step: { op: 'binary', function: name, a: 0, aStrides: [35, 7, 1], b: 1, bStrides: [35, 7, 1] },
      range: [0.5, 2],
    }),
  ),
  ...(['mod', 'fmod', 'divide-whole', 'equal', 'less', 'less-equal', 'pow', 'prelu'] as const).map(
    (name, index): KernelCase => ({
      name: `binary: ${name} of whole numbers`,
      seed: 30 + index,
      inputs: [[400]],
      output: [400],
      weights: { b: [400] },
      step: { op: 'binary', function: name, a: 0, aStrides: [1], bWeight: 'b', bStrides: [1] },
      range: [-9, 9],
      whole: true,
      // 0 has no remainder, no quotient and no negative power.
      nonZero: true,
    }),
  ),
  {
    name: 'binary: factor a channel',
    seed: 10,
    inputs: [[4, 6, 9]],
    output: [4, 6, 9],
    weights: { factor: [9, 1, 1] },
    step: { op: 'binary', function: 'mul', a: 0, aStrides: [54, 9, 1], bWeight: 'factor', bStrides: [0, 0, 1] },
  },
  {
    name: 'binary: a constant on the left, a scalar',
    seed: 11,
    inputs: [[11]],
    output: [11],
    weights: { one: [1] },
    step: { op: 'binary', function: 'sub', aWeight: 'one', aStrides: [0], b: 0, bStrides: [1] },
  },
  {
    name: 'binary: operands in different layouts, one repeated',
    seed: 12,
    inputs: [
      [2, 3, 4],
      [4, 2, 1],
    ],
    output: [2, 3, 4],
    step: { op: 'binary', function: 'add', a: 0, aStrides: [12, 4, 1], b: 1, bStrides: [1, 0, 2] },
  },
];
