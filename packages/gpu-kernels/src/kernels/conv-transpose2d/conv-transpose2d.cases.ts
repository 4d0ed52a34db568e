import type { KernelCase } from '../case.ts';

interface Transposed {
  readonly name: string;
  /** Height, width, channels. */
  readonly from: readonly [number, number, number];
  readonly to: readonly [number, number, number];
  readonly kernel: readonly [number, number];
  readonly strides?: readonly [number, number];
  readonly pads?: readonly [number, number];
  readonly dilations?: readonly [number, number];
  readonly groups?: number;
  readonly bias?: boolean;
}

const list: readonly Transposed[] = [
  { name: 'one pixel', from: [1, 1, 1], to: [1, 1, 1], kernel: [1, 1] },
  { name: 'two by two, stride 2, as U-Nets have it', from: [5, 7, 9], to: [10, 14, 6], kernel: [2, 2], strides: [2, 2], bias: true },
  { name: 'four by four, stride 2, pads', from: [6, 5, 8], to: [12, 10, 17], kernel: [4, 4], strides: [2, 2], pads: [1, 1] },
  { name: 'stride beyond the kernel, output padding', from: [3, 4, 2], to: [9, 14, 3], kernel: [2, 3], strides: [3, 4], pads: [0, 1], bias: true },
  { name: 'dilated', from: [5, 4, 3], to: [12, 13, 4], kernel: [3, 3], strides: [2, 3], pads: [1, 0], dilations: [2, 2] },
  { name: 'groups', from: [4, 3, 6], to: [7, 7, 9], kernel: [3, 3], strides: [2, 3], pads: [1, 1], groups: 3, bias: true },
  { name: 'depthwise', from: [4, 3, 5], to: [6, 5, 5], kernel: [3, 3], groups: 5 },
]; // biome-ignore format: a table

export const convTranspose2dCases: readonly KernelCase[] = list.map(
  ({ name, from, to, kernel, strides = [1, 1], pads = [0, 0], dilations = [1, 1], groups = 1, bias }, index) => ({
    name: `conv-transpose2d: ${name}`,
    seed: 40 + index,
    inputs: [from],
    output: to,
    weights: { weight: [to[2], ...kernel, from[2] / groups], ...(bias === true ? { bias: [to[2]] } : {}) },
    step: {
      op: 'conv-transpose2d',
      x: 0,
      weight: 'weight',
      ...(bias === true ? { bias: 'bias' } : {}),
      strides,
      pads,
      dilations,
      groups,
    },
  }),
);
