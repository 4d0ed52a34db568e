import type { KernelCase } from '../case.ts';

type Rest = Partial<Extract<KernelCase['step'], { op: 'quantize' }>>;

/** Scales are drawn from the range of the case, so it is positive. */
const constant = (name: string, shape: readonly number[], channels: number, rest: Rest): KernelCase => ({
  name: `quantize: ${name}`,
  seed: 61,
  inputs: [shape],
  output: shape,
  weights: { pairs: [channels, 2] },
  step: { op: 'quantize', x: 0, parametersWeight: 'pairs', dimension: 0, min: 0, max: 255, dequantize: false, ...rest },
  range: [0.01, 3],
});

const exact = { maxNmse: 0, reason: 'integers: a wrong rounding is a wrong answer' };

export const quantizeCases: readonly KernelCase[] = [
  constant('one pair', [13, 7], 1, {}),
  constant('channels last', [3, 5, 7], 7, { dimension: 2, min: -128, max: 127 }),
  constant('channels first', [7, 3, 5], 7, { dimension: 0 }),
  constant('and back, a pair a channel', [3, 5, 7], 7, { dimension: 2, dequantize: true }),
  constant('and back, saturated', [41], 1, { max: 3, dequantize: true }),
  {
    name: 'quantize: a pair an item, scale a power of two, halves to even',
    seed: 62,
    inputs: [[300], [2]],
    output: [300],
    whole: true,
    range: [1, 9],
    step: { op: 'quantize', x: 0, parameters: 1, dimension: 0, min: -3, max: 4, dequantize: false },
    tolerance: exact,
  },
  {
    name: 'quantize-range: of both signs',
    seed: 63,
    inputs: [[7, 33]],
    output: [2],
    range: [-3, 7],
    step: { op: 'quantize-range', x: 0 },
  },
  { name: 'quantize-range: of one sign', seed: 64, inputs: [[5]], output: [2], range: [1, 2], step: { op: 'quantize-range', x: 0 } },
  { name: 'quantize-range: nothing but zeros', seed: 65, inputs: [[70]], output: [2], range: [0, 0], step: { op: 'quantize-range', x: 0 } },
]; // biome-ignore format: a table
