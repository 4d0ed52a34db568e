/** Files without a batch, of which one run is one item. Expected values are worked out by hand. */
import { describe, expect, it } from 'vitest';
import { importOnnx } from './import-onnx.ts';
import type { OnnxModel } from './onnx-model.ts';
import { floats, integers, modelOf, node, run } from './test-models.ts';

const graph = { items: 'graph' } as const;
const refuses = (model: OnnxModel, why: string): void =>
  expect(() => importOnnx(model, graph)).toThrow(expect.objectContaining({ code: 'OP_UNSUPPORTED', message: expect.stringContaining(why) })); // biome-ignore format: one call

describe('a graph that is one item', () => {
  it('is refused where its first dimension is taken for the batch', async () => {
    const model = modelOf([2, 3], [node('ReduceSum', 'x', 'y', { axes: [0], keepdims: 0 })], [], 11);
    await expect(run(model, [1, 2, 3, 4, 5, 6])).rejects.toThrow('a reduction over the batch');
  });

  it('computes over its first dimension, for several items at once', async () => {
    const sum = modelOf([2, 3], [node('ReduceSum', 'x', 'y', { axes: [0], keepdims: 0 })], [], 11);
    expect(await run(sum, [1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60], graph)).toEqual([5, 7, 9, 50, 70, 90]);
    const softmax = modelOf([2, 2], [node('Softmax', 'x', 'y', { axis: 0 })]);
    expect(await run(softmax, [3, 5, 3, 5], graph)).toEqual([0.5, 0.5, 0.5, 0.5]);
    const everything = modelOf([2, 2], [node('ReduceMean', 'x', 'y', { keepdims: 0 })]);
    expect(await run(everything, [1, 2, 3, 6, 0, 0, 0, 4], graph)).toEqual([3, 1]);
  });

  it('turns, flattens and joins along the first dimension', async () => {
    const nodes = [
      node('Transpose', 'x', 't', { perm: [1, 0] }),
      node('Concat', 't x', 'c', { axis: 0 }),
      node('Slice', 'c from to', 's'),
      node('Reshape', 's shape', 'y'),
    ];
    // [[1, 2], [3, 4]] above its own transpose; the two rows in the middle.
    const constants = [integers('from', 1), integers('to', 3), integers('shape', -1)];
    expect(await run(modelOf([2, 2], nodes, constants), [1, 2, 3, 4], graph)).toEqual([2, 4, 1, 2]);
  });

  it('brings operands of fewer dimensions to the rank that they meet', async () => {
    const nodes = [node('ReduceMax', 'x', 'm', { keepdims: 0 }), node('Sub', 'x m', 'd'), node('Mul', 'd c', 'y')];
    expect(await run(modelOf([2], nodes, [floats('c', [2, 1], 1, 10)]), [3, 5], graph)).toEqual([-2, 0, -20, 0]);
  });

  it('multiplies vectors and turned matrices', async () => {
    const product = modelOf([3], [node('MatMul', 'x x', 'y')]);
    expect(await run(product, [1, 2, 3], graph)).toEqual([14]);
    const gemm = modelOf([2, 2], [node('Gemm', 'x x c', 'y', { transA: 1, alpha: 2, beta: 3 })], [floats('c', [2], 1, 0)]);
    // xᵀx of [[1, 2], [0, 1]] is [[1, 2], [2, 5]].
    expect(await run(gemm, [1, 2, 0, 1], graph)).toEqual([5, 4, 7, 10]);
  });

  it('gives an image the batch of one, also where the file leaves it open', () => {
    const recipe = [{ step: 'normalise', scale: 1, mean: [0, 0, 0], deviation: [1, 1, 1] }] as const;
    for (const batch of [1, 'n']) {
      const model = modelOf([batch, 3, 2, 2], [node('ReduceMean', 'x', 'y', { axes: [0], keepdims: 0 })], [], 11);
      expect(importOnnx(model, { ...graph, recipe: { x: recipe } }).graph.inputs[0]).toMatchObject({
        shape: [3, 2, 2],
        recipe,
      });
    }
  });

  it('BatchNormalization takes computed numbers', async () => {
    // Channels [1, 3] and [2, 8], scaled by their least, moved by their sum: (x − mean) / √(largest + 1) · least + sum.
    const axes = { axes: [0, 2], keepdims: 0 };
    const numbers = ['Min', 'Sum', 'Mean', 'Max'].map((what) => node(`Reduce${what}`, 'x', what, axes));
    const normal = node('BatchNormalization', 'x Min Sum Mean Max', 'y', { epsilon: 1 });
    expect(await run(modelOf([1, 2, 2], [...numbers, normal]), [1, 3, 2, 8], graph)).toEqual([3.5, 4.5, 8, 12]);
  });

  it('refuses what has a batch by its meaning, and what it does not follow', () => {
    refuses(modelOf([2, 2], [node('ScatterND', 'x x x', 'y')]), 'the op where the whole graph is one item');
    refuses(modelOf([4], [node('Gather', 'x x', 'y')]), 'computed indices');
  });

  it('asks for a first dimension that the file leaves open', () => {
    expect(() => importOnnx(modelOf(['n', 4], [node('Relu', 'x', 'y')]), graph)).toThrow(
      expect.objectContaining({ code: 'GRAPH_INVALID', message: expect.stringContaining('leaves dimension 1 open ("n")') }),
    );
  });
});

it('computes what compares each item with every other, of which the refusal tells', async () => {
  const model = modelOf(['n', 2], [node('Transpose', 'x', 't', { perm: [1, 0] }), node('MatMul', 'x t', 'y')]);
  await expect(run(model, [1, 2])).rejects.toThrow(
    /the batch in different places .*multiplies items of the batch with each other.*`items: graph`/,
  );
  expect(await run(model, [1, 2], { ...graph, shapes: { x: [1, 2] } })).toEqual([5]);
});

it('takes a dynamic range over the whole graph where that is one item, as ONNX does', async () => {
  const nodes = [node('DynamicQuantizeLinear', 'x', 'q s z'), node('DequantizeLinear', 'q s z', 'y')];
  // 510 / 255 = 2 for both rows; by itself the first has 255 / 255 = 1.
  expect(await run(modelOf([2, 2], nodes), [0, 255, 0, 510], graph)).toEqual([0, 256, 0, 510]);
  expect(await run(modelOf([2, 2], nodes), [0, 255, 0, 510])).toEqual([0, 255, 0, 510]);
});

describe('ops whose first dimension is the batch, in a graph that is one item', () => {
  const kernel = floats('w', [1, 1, 1, 2], 1, 10);
  const conv = (count: number) => modelOf([count, 1, 1, 3], [node('Conv', 'x w', 'y')], [kernel]);

  it('are computed for its one entry, or for each of several', async () => {
    expect(await run(conv(1), [1, 2, 3, 4, 5, 6], graph)).toEqual([21, 32, 54, 65]);
    expect(await run(conv(2), [1, 2, 3, 4, 5, 6], graph)).toEqual([21, 32, 54, 65]);
  });

  it('with sizes that begin with it, and beside values that have it too', async () => {
    const resize = modelOf([2, 1, 1, 2], [node('Resize', 'x _ _ s', 'y')], [integers('s', 2, 1, 1, 4)]);
    expect(await run(resize, [1, 2, 3, 4], graph)).toEqual([1, 1, 2, 2, 3, 3, 4, 4]);
    const pooled = modelOf([2, 2, 1, 2], [node('GlobalAveragePool', 'x', 'p'), node('Add', 'x p', 'y')]);
    expect(await run(pooled, [1, 3, 0, 0, 0, 0, 0, 8], graph)).toEqual([3, 5, 0, 0, 0, 0, 4, 12]);
  });

  it('are refused for more entries than are written out, and another number of them', () => {
    refuses(conv(65), '65 entries of its first dimension');
    refuses(modelOf([2, 1, 1, 2], [node('Resize', 'x _ _ s', 'y')], [integers('s', 3, 1, 1, 4)]), 'resizing of the batch');
  });
});
