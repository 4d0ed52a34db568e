/** Convolutions and pools of volumes as those of images. Expected values are worked out by hand, or by a plain loop over the formula. */
import { describe, expect, it } from 'vitest';
import { planGraph } from '../graph/planner.ts';
import { importOnnx } from './import-onnx.ts';
import type { OnnxModel } from './onnx-model.ts';
import { floats, modelOf, node, run } from './test-models.ts';

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => ((i * 7) % 11) - 5);
const refuses = (model: OnnxModel, code: string, why: string): void =>
  expect(() => importOnnx(model)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(why) }));

type Attributes = Parameters<typeof node>[3];
interface Case {
  readonly x: readonly [channels: number, depth: number, height: number, width: number];
  readonly w: readonly [number, number, number, number, number];
  readonly strides?: readonly number[];
  readonly dilations?: readonly number[];
  readonly pads?: readonly number[];
  readonly output_padding?: readonly number[];
  readonly group?: number;
}

const coordinates = (shape: readonly number[], at: number): number[] =>
  shape.map((size, d) => Math.floor(at / shape.slice(d + 1).reduce((product, next) => product * next, 1)) % size);
const placeOf = (shape: readonly number[], where: readonly number[]): number =>
  where.reduce((sum, at, d) => sum * shape[d]! + at, 0);
const model = (op: string, { x, w, ...attributes }: Case): OnnxModel => modelOf(['n', ...x], [node(op, 'x w b', 'y', attributes as Attributes)], [floats('w', w, ...numbers(w.reduce((a, b) => a * b))), floats('b', [op === 'Conv' ? w[0] : w[1] * (attributes.group ?? 1)], ...numbers(op === 'Conv' ? w[0] : w[1] * (attributes.group ?? 1)))]); // biome-ignore format: one model

/** Each product of a convolution, straight from the formula: what it reads, what of the weight, and where it goes. */
function convolved(op: 'Conv' | 'ConvTranspose', given: Case): number[] {
  const { x, w, strides = [1, 1, 1], dilations = [1, 1, 1], pads = [0, 0, 0, 0, 0, 0], output_padding: extra = [0, 0, 0], group = 1 } = given; // biome-ignore format: one line
  const [input, weight] = [numbers(x.reduce((a, b) => a * b)), numbers(w.reduce((a, b) => a * b))];
  const size = [0, 1, 2].map((d) => {
    const extent = dilations[d]! * (w[d + 2]! - 1) + 1;
    if (op === 'Conv') return Math.floor((x[d + 1]! + pads[d]! + pads[d + 3]! - extent) / strides[d]!) + 1;
    return strides[d]! * (x[d + 1]! - 1) + extent + extra[d]! - pads[d]! - pads[d + 3]!;
  });
  const outputs = op === 'Conv' ? w[0] : w[1] * group;
  const shape = [outputs, ...size];
  const y = Array.from({ length: shape.reduce((a, b) => a * b) }, (_, at) => numbers(outputs)[coordinates(shape, at)[0]!]!);
  for (const [at, value] of weight.entries()) {
    const [first, second, ...tap] = coordinates(w, at) as [number, number, number, number, number];
    // Of Conv the first is the output, of ConvTranspose the input, and the other counts within a group.
    const own = Math.floor(first / (w[0] / group));
    const [from, to] = op === 'Conv' ? [own * w[1] + second, first] : [first, own * w[1] + second];
    for (let place = 0; place < x[1] * x[2] * x[3]; place++) {
      const where = coordinates(x.slice(1), place);
      const target = where.map((i, d) => op === 'Conv' ? (i + pads[d]! - tap[d]! * dilations[d]!) / strides[d]! : i * strides[d]! + tap[d]! * dilations[d]! - pads[d]!); // biome-ignore format: one line
      if (target.every((i, d) => Number.isInteger(i) && i >= 0 && i < size[d]!)) y[placeOf(shape, [to, ...target])]! += value * input[placeOf(x, [from, ...where])]!; // biome-ignore format: one line
    }
  }
  return y;
}

describe('convolutions of volumes', () => {
  it.each<[string, Case]>([
    ['plain', { x: [2, 3, 4, 5], w: [3, 2, 2, 3, 2] }],
    ['one pixel', { x: [3, 1, 1, 1], w: [2, 3, 1, 1, 1] }],
    ['of time alone', { x: [2, 5, 3, 2], w: [2, 2, 3, 1, 1], pads: [1, 0, 0, 1, 0, 0] }],
    ['of pixels alone', { x: [2, 3, 4, 4], w: [2, 2, 1, 3, 3], pads: [0, 1, 1, 0, 1, 1], strides: [1, 2, 2] }],
    ['strides, pads and dilations of each side', { x: [2, 6, 7, 8], w: [3, 2, 2, 3, 2], strides: [2, 3, 2], pads: [1, 2, 0, 2, 1, 3], dilations: [2, 1, 3] }],
    ['strides larger than the kernel', { x: [1, 5, 7, 7], w: [1, 1, 1, 2, 1], strides: [2, 3, 4] }],
    ['groups', { x: [4, 3, 4, 4], w: [6, 2, 2, 2, 2], group: 2, pads: [1, 1, 1, 1, 1, 1] }],
    ['one group a channel', { x: [3, 3, 4, 4], w: [3, 1, 3, 3, 3], group: 3, pads: [1, 1, 1, 1, 1, 1] }],
  ])('%s', async (_, given) => {
    expect(await run(model('Conv', given), numbers(given.x.reduce((a, b) => a * b)))).toEqual(convolved('Conv', given));
  }); // biome-ignore format: a table

  it.each<[string, Case]>([
    ['doubled', { x: [2, 2, 3, 2], w: [2, 3, 2, 2, 2], strides: [2, 2, 2] }],
    ['windows that meet', { x: [2, 3, 3, 3], w: [2, 2, 3, 3, 3], strides: [2, 1, 2], pads: [1, 1, 1, 1, 1, 1], output_padding: [1, 0, 1] }],
    ['windows apart', { x: [1, 2, 2, 2], w: [1, 1, 1, 2, 1], strides: [3, 3, 2], output_padding: [1, 2, 0] }],
    ['dilations and groups', { x: [4, 2, 3, 3], w: [4, 2, 2, 2, 2], dilations: [2, 3, 1], strides: [1, 2, 1], pads: [1, 0, 1, 0, 1, 0], group: 2 }],
    ['doubled and cut', { x: [1, 3, 2, 2], w: [1, 2, 2, 2, 2], strides: [2, 2, 2], pads: [1, 1, 0, 1, 0, 1] }],
  ])('backwards, %s', async (_, given) => {
    expect(await run(model('ConvTranspose', given), numbers(given.x.reduce((a, b) => a * b)))).toEqual(convolved('ConvTranspose', given)); // biome-ignore format: one call
  }); // biome-ignore format: a table

  it('are refused where they do not fit', async () => {
    refuses(model('Conv', { x: [2, 3, 4, 4], w: [1, 3, 1, 1, 1] }), 'GRAPH_INVALID', 'does not fit 2 channels');
    refuses(model('Conv', { x: [1, 1, 4, 4], w: [1, 1, 2, 1, 1] }), 'GRAPH_INVALID', 'does not fit into 1x4x4');
    refuses(
      model('Conv', { x: [1, 4, 4, 4], w: [1, 1, 2, 1, 1], strides: [0, 1, 1] }),
      'GRAPH_INVALID',
      'positive integers',
    );
    await expect(run(model('Conv', { x: [1, 4, 4, 4], w: [1, 1, 2, 1, 1], pads: [2 ** 50, 0, 0, 0, 0, 0] }), numbers(64))).rejects.toThrow('at most'); // biome-ignore format: one line
    refuses(model('ConvTranspose', { x: [1, 1, 1, 1], w: [1, 1, 1, 1, 1], pads: [1, 1, 1, 1, 1, 1] }), 'GRAPH_INVALID', 'pads leave'); // biome-ignore format: one call
    const four = modelOf(['n', 1, 2, 2, 2, 2], [node('Conv', 'x w', 'y')], [floats('w', [1, 1, 1, 1, 1, 1], 1)]);
    refuses(four, 'OP_UNSUPPORTED', '4 dimensions besides batch and channels');
  });
});

describe('pools of volumes', () => {
  const x = [1, 2, 3, 4, 5, 6, 7, 80];
  const pool = (op: string, attributes: Attributes) => run(modelOf(['n', 1, 2, 2, 2], [node(op, 'x', 'y', attributes)]), x);

  it('the largest, the mean with and without padding, and norms', async () => {
    expect(await pool('MaxPool', { kernel_shape: [2, 2, 1] })).toEqual([7, 80]);
    expect(await pool('AveragePool', { kernel_shape: [2, 2, 2], pads: [1, 0, 0, 0, 0, 0] })).toEqual([2.5, 13.5]);
    expect(await pool('AveragePool', { kernel_shape: [2, 2, 2], pads: [1, 0, 0, 0, 0, 0], count_include_pad: 1 })).toEqual([1.25, 13.5]); // biome-ignore format: one line
    expect(await pool('LpPool', { kernel_shape: [1, 1, 2], p: 1 })).toEqual([3, 7, 11, 87]);
    expect(await pool('GlobalAveragePool', {})).toEqual([13.5]);
    expect(await pool('GlobalMaxPool', {})).toEqual([80]);
  });

  it('norms of any whole power', async () => {
    const of = (p: number) => run(modelOf(['n', 1, 1, 2], [node('LpPool', 'x', 'y', { kernel_shape: [1, 2], p })]), [-3, 3]);
    expect((await of(3))[0]).toBeCloseTo(3 * 2 ** (1 / 3), 5);
    expect((await of(4))[0]).toBeCloseTo(3 * 2 ** (1 / 4), 5);
    expect((await of(5))[0]).toBeCloseTo(3 * 2 ** (1 / 5), 5);
    await expect(of(17)).rejects.toThrow('only 1 to 16');
    await expect(of(0.5)).rejects.toThrow('only 1 to 16');
  });

  it('with lists that do not fit are refused', async () => {
    await expect(pool('MaxPool', { kernel_shape: [2, 2] })).rejects.toThrow('kernel_shape that has not 3 entries');
    await expect(pool('MaxPool', { kernel_shape: [2, 2, 2], pads: [2, 0, 0, 0, 0, 0] })).rejects.toThrow(
      'pads must be smaller',
    );
  });
});

describe('what follows a convolution of volumes', () => {
  const given: Case = { x: [2, 4, 5, 5], w: [3, 2, 2, 3, 3], pads: [1, 1, 1, 0, 1, 1], strides: [1, 2, 2] };
  const conv = model('Conv', given);
  const [after, ...parameters] = [
    [{ ...conv.nodes[0]!, outputs: ['c'] }, node('BatchNormalization', 'c scale shift mean variance', 'n', { epsilon: 1 }), node('Relu', 'n', 'y')],
    floats('scale', [3], 2, -1, 3), floats('shift', [3], 1, 0, -2), floats('mean', [3], 5, -6, 7), floats('variance', [3], 3, 0, 8),
  ] as const; // biome-ignore format: a list
  const whole: OnnxModel = { ...conv, nodes: after, initializers: [...conv.initializers, ...parameters] };

  it('is part of it: normalisation and activation', () => {
    const { graph, weights } = importOnnx(whole);
    const ops = planGraph(graph, weights, 1).plan.steps.map((step) =>
      step.op === 'conv2d' ? step.activation.kind : step.op,
    );
    expect(ops).toContain('relu');
    for (const op of ['binary', 'unary', 'none']) expect(ops).not.toContain(op);
  });

  it('gives what it gives apart', async () => {
    const plain = convolved('Conv', given);
    const channel = (at: number): number => Math.floor(at / (plain.length / 3));
    // Deviations are the roots of variance + 1: 2, 1 and 3.
    const expected = plain.map((value, at) =>
      Math.max(0, [(value - 5) * 1 + 1, (value + 6) * -1, (value - 7) * 1 - 2][channel(at)]!),
    );
    const actual = await run(whole, numbers(2 * 4 * 5 * 5));
    expect(actual.map((value) => Math.round(value * 1e4) / 1e4)).toEqual(expected.map((value) => value + 0));
  });
});
