import { unaryFunctions } from '../../graph/plan.ts';
import type { KernelCase } from '../case.ts';

export const unaryCases: readonly KernelCase[] = [
  ...unaryFunctions.map((name, index): KernelCase => {
    const positive = name === 'log' || name === 'sqrt' || name === 'reciprocal';
    return {
      name: `unary: ${name}`,
      seed: index,
      inputs: [[5, 7, 3]],
      output: [5, 7, 3],
      step: { op: 'unary', function: name, x: 0, ...(name === 'clip' ? { min: -0.25, max: 0.5 } : {}) },
      range: positive ? [0.01, 9] : [-3, 3],
    };
  }),
  {
    name: 'unary: sigmoid far out',
    seed: 20,
    inputs: [[100]],
    output: [100],
    step: { op: 'unary', function: 'sigmoid', x: 0 },
    range: [-500, 500],
  },
  {
    name: 'unary: tanh far out',
    seed: 21,
    inputs: [[100]],
    output: [100],
    step: { op: 'unary', function: 'tanh', x: 0 },
    range: [-500, 500],
  },
];
