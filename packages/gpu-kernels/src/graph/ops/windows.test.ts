/** Windows, resizing, padding and normalisation against values worked out by hand. */
import type { GraphNode, Tensor, Tensors } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { openReference } from '../../backends/reference/reference-backend.ts';
import { planGraph } from '../planner.ts';

const tensor = (shape: readonly number[], ...data: number[]): Tensor => ({ shape, data: Float32Array.from(data) });

/** One node on `x`; its further inputs are `weights` in order. */
async function valuesOf(
  op: string,
  x: Tensor,
  weights: Tensors = {},
  attributes: GraphNode['attributes'] = {},
): Promise<number[]> {
  const inputs = ['x', ...Object.keys(weights).map((name) => name.replace(/^_.*/, ''))];
  const given = Object.fromEntries(Object.entries(weights).filter(([name]) => !name.startsWith('_')));
  const nodes = [{ name: 'n', op, inputs, outputs: ['y'], attributes }];
  const graph = { name: 'test', inputs: [{ name: 'x', shape: x.shape.slice(1) }], nodes, outputs: ['y'] };
  const planned = planGraph(graph, given, x.shape[0]!);
  await using executable = await openReference().compile(planned.plan, planned.weights);
  const { y } = await executable.run({ x });
  return [...y!.data].map((value) => Number(value.toPrecision(6)));
}

const square = tensor([1, 1, 2, 2], 1, 2, 3, 4);
const skipped = tensor([0]);

describe('ConvTranspose', () => {
  const w = tensor([1, 1, 2, 2], 1, 10, 100, 1000);

  it('adds each pixel times the window', async () => {
    expect(await valuesOf('ConvTranspose', square, { w })).toEqual([1, 12, 20, 103, 1234, 2040, 300, 3400, 4000]);
  });

  it('strides spread, pads cut, output padding extends', async () => {
    const spread = [1, 10, 2, 20, 100, 1000, 200, 2000, 3, 30, 4, 40, 300, 3000, 400, 4000];
    expect(await valuesOf('ConvTranspose', square, { w }, { strides: [2, 2] })).toEqual(spread);
    expect(await valuesOf('ConvTranspose', square, { w }, { strides: [2, 2], pads: [1, 1, 1, 1] })).toEqual([
      1000, 200, 30, 4,
    ]);
    const longer = [100, 1000, 200, 2000, 3, 30, 4, 40, 300, 3000, 400, 4000, 0, 0, 0, 0];
    expect(
      await valuesOf('ConvTranspose', square, { w }, { strides: [2, 2], pads: [1, 0, 0, 0], output_padding: [1, 0] }),
    ).toEqual(longer);
  });
});

describe('pooling', () => {
  const row = tensor([1, 1, 1, 5], 1, 2, 3, 4, 9);
  const window = { kernel_shape: [1, 2], strides: [1, 2] };

  it('rounds up to a window that covers what is left', async () => {
    expect(await valuesOf('MaxPool', row, {}, window)).toEqual([2, 4]);
    expect(await valuesOf('MaxPool', row, {}, { ...window, ceil_mode: 1 })).toEqual([2, 4, 9]);
    expect(await valuesOf('AveragePool', row, {}, { ...window, ceil_mode: 1, count_include_pad: 1 })).toEqual([1.5, 3.5, 9]);
  });

  it('dilates', async () => {
    expect(await valuesOf('MaxPool', row, {}, { kernel_shape: [1, 2], dilations: [1, 3] })).toEqual([4, 9]);
  });

  it('takes the square root of sums of squares', async () => {
    expect(await valuesOf('LpPool', tensor([1, 1, 1, 2], 3, -4), {}, { kernel_shape: [1, 2] })).toEqual([5]);
    expect(await valuesOf('LpPool', tensor([1, 1, 1, 2], 3, -4), {}, { kernel_shape: [1, 2], p: 1 })).toEqual([7]);
    await expect(valuesOf('LpPool', row, {}, { kernel_shape: [1, 2], p: 3 })).rejects.toThrow('p = 3');
  });

  it('refuses a window of padding alone', async () => {
    const pads = [0, 1, 0, 1];
    const given = valuesOf('MaxPool', tensor([1, 1, 1, 1], 1), {}, { kernel_shape: [1, 2], dilations: [1, 2], pads });
    await expect(given).rejects.toThrow('padding alone');
  });
});

describe('Resize', () => {
  const line = tensor([1, 1, 1, 2], 1, 2);
  const resize = (x: Tensor, scale: number, attributes: GraphNode['attributes']): Promise<number[]> =>
    valuesOf('Resize', x, { _roi: skipped, scales: tensor([4], 1, 1, 1, scale) }, attributes);

  it('linear, with half pixels, aligned corners and asymmetric', async () => {
    expect(await resize(line, 2, { mode: 'linear' })).toEqual([1, 1.25, 1.75, 2]);
    const corners = { mode: 'linear', coordinate_transformation_mode: 'align_corners' };
    expect(await resize(line, 2, corners)).toEqual([1, 1.33333, 1.66667, 2]);
    expect(await resize(line, 2, { mode: 'linear', coordinate_transformation_mode: 'asymmetric' })).toEqual([1, 1.5, 2, 2]);
  });

  it('cubic of half the size, with a = −0.75', async () => {
    expect(await resize(tensor([1, 1, 1, 4], 1, 2, 3, 4), 0.5, { mode: 'cubic' })).toEqual([1.40625, 3.59375]);
  });

  it('nearest rounds as asked', async () => {
    const three = tensor([1, 1, 1, 3], 1, 2, 3);
    // Output 0 and 1 of 2 lie at ¼ and 1¾ of the input.
    const scale = 2 / 3;
    expect(await resize(three, scale, { nearest_mode: 'floor' })).toEqual([1, 2]);
    expect(await resize(three, scale, { nearest_mode: 'ceil' })).toEqual([2, 3]);
    expect(await resize(three, scale, { nearest_mode: 'round_prefer_floor' })).toEqual([1, 3]);
  });

  it('any dimension but the batch', async () => {
    const x = tensor([1, 2, 2], 1, 2, 3, 4);
    const scales = tensor([3], 1, 2, 1);
    expect(await valuesOf('Resize', x, { _roi: skipped, scales })).toEqual([1, 2, 1, 2, 3, 4, 3, 4]);
    const batch = valuesOf('Resize', x, { _roi: skipped, scales: tensor([3], 2, 1, 1) });
    await expect(batch).rejects.toThrow('resizing of the batch');
  });
});

describe('Pad', () => {
  const x = tensor([1, 3, 1], 1, 2, 3);
  const pads = tensor([6], 0, 2, 0, 0, 1, 0);

  it.each([
    ['constant', [0, 0, 1, 2, 3, 0]],
    ['reflect', [3, 2, 1, 2, 3, 2]],
    ['edge', [1, 1, 1, 2, 3, 3]],
    ['wrap', [2, 3, 1, 2, 3, 1]],
  ])('%s', async (mode, expected) => {
    expect(await valuesOf('Pad', x, { pads }, { mode })).toEqual(expected);
  });

  it('channels of an image, and several dimensions at once', async () => {
    const all = tensor([8], 0, 1, 0, 0, 0, 0, -1, 1);
    expect(await valuesOf('Pad', square, { pads: all, value: tensor([], 7) })).toEqual([7, 7, 7, 1, 2, 7]);
    const batch = tensor([8], 1, 0, 0, 0, 0, 0, 0, 0);
    await expect(valuesOf('Pad', square, { pads: batch })).rejects.toThrow('padding of the batch');
  });
});

describe('normalisation', () => {
  // Mean 2.5, variance 1.25; with epsilon 1 the deviation is 1.5.
  const unit = [-1, -0.333333, 0.333333, 1];

  it('of layers', async () => {
    const x = tensor([1, 4], 1, 2, 3, 4);
    const scale = tensor([4], 1, 3, 3, 1);
    expect(await valuesOf('LayerNormalization', x, { scale }, { epsilon: 1 })).toEqual([-1, -1, 1, 1]);
    const bias = tensor([4], 1, 1, 1, 1);
    expect(await valuesOf('LayerNormalization', x, { scale, bias }, { epsilon: 1 })).toEqual([0, 0, 2, 2]);
  });

  it('by the root mean square', async () => {
    // Mean of squares 12.5; with epsilon 3.5 the root is 4.
    expect(await valuesOf('RMSNormalization', tensor([1, 2], 3, 4), { scale: tensor([2], 1, 2) }, { epsilon: 3.5 })).toEqual(
      [0.75, 2],
    );
  });

  it('of instances, groups, and sequences of channels', async () => {
    const [scale, bias] = [tensor([1], 2), tensor([1], 1)];
    const scaled = [-1, 0.333333, 1.66667, 3];
    expect(await valuesOf('InstanceNormalization', square, { scale, bias }, { epsilon: 1 })).toEqual(scaled);
    const two = tensor([1, 2, 2], 1, 2, 3, 4);
    const [scales, biases] = [tensor([2], 1, 1), tensor([2], 0, 0)];
    expect(await valuesOf('GroupNormalization', two, { scales, biases }, { epsilon: 1, num_groups: 1 })).toEqual(unit);
    const doubled = { scales: tensor([2], 1, 3), biases };
    expect(await valuesOf('GroupNormalization', two, doubled, { epsilon: 1, num_groups: 1 })).toEqual([-1, -0.333333, 1, 3]);
  });

  it('over neighbouring channels', async () => {
    const x = tensor([1, 2, 1, 1], 1, 2);
    expect(await valuesOf('LRN', x, {}, { size: 1, alpha: 3, beta: 0.5 })).toEqual([0.5, 0.5547]);
    // Both channels see both: 1 + 4 = 5, so that the base is 1 + 24 / 3 · 5 = 41.
    expect(await valuesOf('LRN', x, {}, { size: 3, alpha: 24, beta: 0.5 })).toEqual([0.156174, 0.312348]);
  });
});
