import type { KernelCase } from '../case.ts';

const softmax = (name: string, shape: readonly number[], range: readonly [number, number]): KernelCase => ({
  name: `softmax: ${name}`,
  seed: shape.length,
  inputs: [shape],
  output: shape,
  step: { op: 'softmax', x: 0 },
  range,
});

export const softmaxCases: readonly KernelCase[] = [
  softmax('five classes', [5], [-3, 3]),
  softmax('one class', [1], [-3, 3]),
  softmax('rows wider than a workgroup', [3, 200], [-10, 10]),
  softmax('logits that overflow exp', [70], [900, 1000]),
  softmax('many rows', [300, 7], [-1, 1]),
];
