/** What hummingbird writes of heads: constant matrices by items as columns, constants with dimensions before the batch. Expected values are worked out by hand. */
import { describe, expect, it } from 'vitest';
import { importOnnx } from './import-onnx.ts';
import { floats, integers, modelOf, node, run } from './test-models.ts';

// Two items of two features.
const items = [1, 2, 30, 40];
const weight = floats('w', [3, 2], 1, 0, 0, 1, 1, -1);
const turn = (from: string, to: string, ...perm: number[]) => node('Transpose', from, to, { perm });

describe('a constant matrix by items as columns', () => {
  it('is a Gemm with the items turned or not', async () => {
    const expected = [1, 2, -1, 30, 40, -10];
    const rows = modelOf(['n', 2], [node('Gemm', 'w x', 'g', { transB: 1 }), turn('g', 'y', 1, 0)], [weight]);
    expect(await run(rows, items)).toEqual(expected);
    const columns = [turn('x', 't', 1, 0), node('Gemm', 'w t', 'g'), turn('g', 'y', 1, 0)];
    expect(await run(modelOf(['n', 2], columns, [weight]), items)).toEqual(expected);
    const other = floats('w', [2, 3], 1, 0, 1, 0, 1, -1);
    const both = [node('Gemm', 'w x', 'g', { transA: 1, transB: 1 }), turn('g', 'y', 1, 0)];
    expect(await run(modelOf(['n', 2], both, [other]), items)).toEqual(expected);
  });

  it('has factors and a summand for each row', async () => {
    const nodes = [node('Gemm', 'w x c', 'g', { transB: 1, alpha: 2, beta: 0.5 }), turn('g', 'y', 1, 0)];
    const model = modelOf(['n', 2], nodes, [weight, floats('c', [3, 1], 2, 4, 6)]);
    expect(await run(model, items)).toEqual([3, 6, 1, 61, 82, -17]);
    const none = [node('Gemm', 'w x c', 'g', { transB: 1, beta: 0 }), turn('g', 'y', 1, 0)];
    expect(await run(modelOf(['n', 2], none, [weight, floats('c', [3, 1], 2, 4, 6)]), items)).toEqual([1, 2, -1, 30, 40, -10]); // biome-ignore format: one line
  });

  it('is a MatMul, and one for each of several trees', async () => {
    const one = [turn('x', 't', 1, 0), node('MatMul', 'w t', 'm'), turn('m', 'y', 1, 0)];
    expect(await run(modelOf(['n', 2], one, [weight]), items)).toEqual([1, 2, -1, 30, 40, -10]);
    // Each tree has one of the features, and two leaves.
    const trees = [
      turn('x', 't', 1, 0),
      node('Reshape', 't trees', 'r'),
      node('MatMul', 'w r', 'm'),
      turn('m', 'y', 2, 0, 1),
    ];
    const constants = [integers('trees', 2, 1, -1), floats('w', [2, 2, 1], 1, 2, 3, 4)];
    expect(await run(modelOf(['n', 2], trees, constants), items)).toEqual([1, 2, 6, 8, 30, 60, 120, 160]);
  });

  it('may lose all dimensions of 1 but the batch', async () => {
    const nodes = [turn('x', 't', 1, 0), node('Reshape', 't two', 'r'), node('Squeeze', 'r', 's'), turn('s', 'y', 1, 0)];
    const two = integers('two', 2, 1, -1);
    expect(await run(modelOf(['n', 2], nodes, [two]), items)).toEqual(items);
    expect(() => importOnnx(modelOf([1, 2], nodes, [two]))).toThrow('removal of the batch');
  });
});

it('a constant with dimensions before the batch meets each item, on either side', async () => {
  // The distance of each item from the means of three classes.
  const means = floats('m', [3, 1, 2], 0, 0, 1, 1, 30, 0);
  const of = (inputs: string) =>
    modelOf(['n', 2], [node('Sub', inputs, 'd'), node('ReduceL1', 'd', 'l', { axes: [2], keepdims: 0 }), turn('l', 'y', 1, 0)], [means]); // biome-ignore format: one model
  expect(await run(of('x m'), items)).toEqual([3, 1, 31, 70, 68, 40]);
  expect(await run(of('m x'), items)).toEqual([3, 1, 31, 70, 68, 40]);
  // What would differ from item to item is none.
  const perItem = modelOf(['n', 2], [node('Sub', 'x m', 'd'), turn('d', 'y', 1, 0, 2)], [{ ...means, shape: [1, 3, 2] }]);
  expect(() => importOnnx(perItem)).toThrow(expect.objectContaining({ code: 'OP_UNSUPPORTED' }));
});
