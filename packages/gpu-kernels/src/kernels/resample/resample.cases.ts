import type { KernelCase } from '../case.ts';

const resample = (
  name: string,
  shape: readonly number[],
  dimension: number,
  rows: readonly (readonly number[])[],
): KernelCase => ({
  name: `resample: ${name}`,
  seed: 80 + dimension,
  inputs: [shape],
  output: shape.map((size, d) => (d === dimension ? rows.length : size)),
  weights: { indices: [rows.length, rows[0]!.length], factors: [rows.length, rows[0]!.length] },
  numbers: { indices: rows.flat() },
  step: { op: 'resample', x: 0, dimension, indicesWeight: 'indices', factorsWeight: 'factors' },
});

export const resampleCases: readonly KernelCase[] = [
  resample('two taps along the first dimension', [3, 4, 5], 0, [[0, 0], [0, 1], [0, 1], [1, 2], [2, 2]]),
  resample('one tap along the second, backwards', [3, 4, 5], 1, [[3], [2], [1], [0], [3]]),
  resample('four taps along the last', [2, 70], 1, [[0, 1, 2, 3], [66, 67, 68, 69]]),
  resample('a line', [6], 0, [[5, 0], [1, 1]]),
]; // biome-ignore format: tables
