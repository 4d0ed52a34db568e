import type { KernelCase } from '../case.ts';

const exact = { maxNmse: 0, reason: 'the nearest number is one number' };
const round = (name: string, format: 'float16' | 'bfloat16', seed: number, range: readonly [number, number]): KernelCase => ({
  name: `round-float: ${name}`,
  seed,
  inputs: [[5, 7, 3]],
  output: [5, 7, 3],
  range,
  step: { op: 'round-float', x: 0, format },
  tolerance: exact,
}); // biome-ignore format: signature

export const roundFloatCases: readonly KernelCase[] = [
  round('float16', 'float16', 95, [-300, 300]),
  round('float16 of small numbers', 'float16', 96, [-1e-4, 1e-4]),
  round('float16 up to its greatest number', 'float16', 97, [-65_519, 65_519]),
  round('bfloat16', 'bfloat16', 98, [-3, 3]),
];
