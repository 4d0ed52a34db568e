/** Indices and grids in a graph that is one item. Expected values are those of onnxruntime. */
import { describe, expect, it } from 'vitest';
import type { OnnxNode, OnnxTensor } from '../onnx-model.ts';
import { floats, integers, modelOf, node, run } from '../test-models.ts';

const matrix = [1, 2, 3, 4, 5, 6];
const indices = (shape: readonly number[], ...values: number[]): OnnxTensor => ({ ...integers('i', ...values), shape });
const whole = (nodes: readonly OnnxNode[], constants: readonly OnnxTensor[], x: readonly number[] = matrix) =>
  run(modelOf([2, 3], nodes, constants), x, { items: 'graph' });

describe('in a graph that is one item', () => {
  it('elements are chosen and written along any axis', async () => {
    const gather = (axis: number) => [node('GatherElements', 'x i', 'y', { axis })];
    expect(await whole(gather(1), [indices([2, 2], 2, 0, 1, -1)])).toEqual([3, 1, 5, 6]);
    expect(await whole(gather(0), [indices([1, 3], 1, 0, -1)])).toEqual([4, 2, 6]);
    const scatter = [node('ScatterElements', 'x i u', 'y', { axis: -1 })];
    const updates = floats('u', [2, 2], 10, 20, 30, 40);
    expect(await whole(scatter, [indices([2, 2], 2, 0, 1, -1), updates])).toEqual([20, 2, 10, 4, 30, 40]);
  });

  it('tuples choose, of all and of each row', async () => {
    expect(await whole([node('GatherND', 'x i', 'y')], [indices([3, 2], 1, 2, 0, -1, 1, 0)])).toEqual([6, 3, 4]);
    expect(await whole([node('GatherND', 'x i', 'y', { batch_dims: 1 })], [indices([2, 1], 2, 0)])).toEqual([3, 4]);
  });

  it('places that it finds choose, and become ones', async () => {
    const best = [node('TopK', 'x k', 'v p', { axis: 1 }), node('GatherElements', 'x p', 'y', { axis: 1 })];
    expect(await whole(best, [integers('k', 2)], [3, 9, 5, 7, 1, 8])).toEqual([9, 5, 8, 7]);
    const hot = [node('ArgMax', 'x', 'p', { axis: 0, keepdims: 0 }), node('OneHot', 'p d v', 'y', { axis: 0 })];
    const values = [{ ...integers('d', 2), shape: [] }, floats('v', [2], 0, 1)];
    expect(await whole(hot, values, [3, 9, 5, 7, 1, 8])).toEqual([0, 1, 0, 1, 0, 1]);
  });

  it('rows are rounded to grids of their own', async () => {
    const pair = [node('QuantizeLinear', 'x s z', 'q', { axis: 0 }), node('DequantizeLinear', 'q s z', 'y', { axis: 0 })];
    const grid = [floats('s', [2], 0.25, 0.5), { name: 'z', type: 2, shape: [2], integers: [10, 20] }];
    expect(await whole(pair, grid, [0.1, 0.3, 90, 0.6, 1.3, -3])).toEqual([0, 0.25, 61.25, 0.5, 1.5, -3]);
  });
});
