/** What random graphs found (`goldens/onnx/random`), one form a test. Expected values are those of onnxruntime and `onnx.reference`. */
import { describe, expect, it } from 'vitest';
import { planGraph } from '../graph/planner.ts';
import { openedBackend } from '../testing/opened-backend.ts';
import { importOnnx } from './import-onnx.ts';
import type { OnnxModel } from './onnx-model.ts';
import { planModel } from './plan-onnx.ts';
import { floats, integers, modelOf, node, run } from './test-models.ts';

const counted = (count: number): number[] => Array.from({ length: count }, (_, at) => at + 1);

describe('what random graphs found', () => {
  it('MatMul with a constant vector on either side', async () => {
    const right = modelOf(['n', 3, 2], [node('MatMul', 'x w', 'y')], [floats('w', [2], 10, 1)], 11);
    expect(await run(right, counted(12))).toEqual([12, 34, 56, 78, 100, 122]);
    // A file of common ops alone is imported with fewer modules.
    expect((await planModel(right, { batch: 2 })).outputs).toMatchObject([{ name: 'y', shape: [3] }]);
    const left = modelOf(['n', 3, 2], [node('MatMul', 'w x', 'y')], [floats('w', [3], 100, 10, 1)]);
    expect(await run(left, counted(12))).toEqual([135, 246, 801, 912]);
    const whole = modelOf([3], [node('MatMul', 'x w', 'y')], [floats('w', [3], 100, 10, 1)]);
    expect(await run(whole, [1, 2, 3], { items: 'graph' })).toEqual([123]);
    // One number an item: the shape is [n, 4], not [n, 4, 1].
    const last = modelOf(['n', 4, 1], [node('MatMul', 'x w', 'm'), node('Add', 'm row', 'y')], [floats('w', [1], 2), floats('row', [4], 1, 2, 3, 4)]); // biome-ignore format: one model
    expect(await run(last, [1, 1, 1, 1])).toEqual([3, 4, 5, 6]);
  });

  it('Sum and Mean of two constants and a value', async () => {
    const constants = [floats('a', [1, 1, 1], 1), floats('b', [2], 10, 20)];
    const of = (op: string) => modelOf(['n', 2], [node(op, 'b b x', 'y')], constants);
    expect(await run(of('Sum'), [1, 2])).toEqual([21, 42]);
    expect(await run(of('Mean'), [1, 2])).toEqual([7, 14]);
    const wider = modelOf(['n', 3, 2], [node('Sum', 'a b x', 'y')], constants);
    expect(await run(wider, [1, 2, 3, 4, 5, 6])).toEqual([12, 23, 14, 25, 16, 27]);
  });

  it('ScatterElements that adds constants to numbers', async () => {
    const indices = { ...integers('i', 2, 0, 2), shape: [1, 3] };
    const model = modelOf(['n', 3], [node('ScatterElements', 'x i u', 'y', { axis: 1, reduction: 'add' })], [indices, floats('u', [1, 3], 10, 20, 30)], 18); // biome-ignore format: one model
    expect(await run(model, [1, 2, 3])).toEqual([21, 2, 43]);
  });

  it('ReduceL1 over axes, whatever it would do without', async () => {
    const model = modelOf(['n', 3, 2], [node('ReduceL1', 'x a', 'y', { noop_with_empty_axes: 1, keepdims: 0 })], [integers('a', 1)], 18); // biome-ignore format: one model
    const x = counted(12).map((value) => -value);
    expect(await run(model, x)).toEqual([9, 12, 27, 30]);
  });

  it('a product that is Swish up to a bound', async () => {
    const nodes = [node('Clip', 'x low high', 'c'), node('Sigmoid', 'x', 's'), node('Mul', 'c s', 'y')];
    const model = modelOf(['n', 2], nodes, [floats('low', [], -10), floats('high', [], 10)]);
    expect(await run(model, [20, 100])).toEqual([10, 10]);
  });

  it('Gemm with a computed sum', async () => {
    const gemm = node('Gemm', 'x w c', 'y', { alpha: 0.5, beta: 2, transB: 1 });
    const model = modelOf(['n', 2], [node('Relu', 'x', 'c'), gemm], [floats('w', [2, 2], 2, 0, 0, 4)]);
    expect(await run(model, [1, 2, 3, 5])).toEqual([3, 8, 9, 20]);
    expect((await planModel(model, { batch: 1 })).outputs).toMatchObject([{ shape: [2] }]);
  });

  it('LayerNormalization and RMSNormalization with parameters along some dimensions', async () => {
    const [scale, bias] = [floats('s', [2, 1], 1, 2), floats('b', [3], 10, 20, 30)];
    const layer = modelOf(['n', 2, 3], [node('LayerNormalization', 'x s b', 'y', { axis: 1 })], [scale, bias]);
    const expected = [8.536153, 19.12169, 29.70723, 10.585539, 21.756617, 32.927696];
    for (const [at, value] of (await run(layer, counted(6))).entries()) expect(value).toBeCloseTo(expected[at]!, 4);
    const rms = modelOf(['n', 2, 3], [node('RMSNormalization', 'x s', 'y', { axis: 1, epsilon: 0 })], [scale], 23);
    const roots = [0.256776, 0.513553, 0.770329, 2.05421, 2.567763, 3.081315];
    for (const [at, value] of (await run(rms, counted(6))).entries()) expect(value).toBeCloseTo(roots[at]!, 5);
  });

  it('Softmax before opset 13 over all dimensions from any axis on', async () => {
    const model = modelOf(['n', 2, 2, 2], [node('Softmax', 'x', 'y', { axis: 2 })], [], 11);
    const y = await run(model, [1, 2, 3, 4, 4, 3, 2, 1].map(Math.log));
    for (const [at, expected] of [0.1, 0.2, 0.3, 0.4, 0.4, 0.3, 0.2, 0.1].entries()) expect(y[at]).toBeCloseTo(expected, 6);
  });
});

describe('constants that a file of two items repeats for both', () => {
  const twice = (name: string, ...row: number[]) => floats(name, [2, 1, 2], ...row, ...row);
  const x = counted(8);

  it('are joined to each item', async () => {
    const model = modelOf([2, 2, 2], [node('Concat', 't x', 'y', { axis: 1 })], [twice('t', 10, 20)]);
    expect(await run(model, x)).toEqual([10, 20, 1, 2, 3, 4, 10, 20, 5, 6, 7, 8]);
    const nodes = [node('Expand', 'k s', 't'), node('Concat', 't x', 'y', { axis: 1 })];
    const expanded = modelOf([2, 2, 2], nodes, [floats('k', [1, 1, 2], 10, 20), integers('s', 2, 1, 2)]);
    expect(await run(expanded, x.slice(0, 4))).toEqual([10, 20, 1, 2, 3, 4]);
  });

  it('are an operand, or indices', async () => {
    const model = modelOf([2, 2, 2], [node('Sub', 't x', 'y')], [twice('t', 10, 20)]);
    expect(await run(model, x)).toEqual([9, 18, 7, 16, 5, 14, 3, 12]);
    const indices = { ...integers('i', 1, 0, 1, 0), shape: [2, 1, 2] };
    const gathered = modelOf([2, 2, 2], [node('GatherElements', 'x i', 'y', { axis: 1 })], [indices]);
    expect(await run(gathered, x)).toEqual([3, 2, 7, 6]);
  });

  it('are refused where they differ', () => {
    const model = modelOf([2, 2, 2], [node('Concat', 't x', 'y', { axis: 1 })], [floats('t', [2, 1, 2], 1, 2, 1, 3)]);
    expect(() => planGraph(importOnnx(model).graph, importOnnx(model).weights, 2)).toThrow(/would change the batch/);
  });
});

describe.each(['reference', 'native'] as const)('plans of random graphs on %s', async (name) => {
  const backend = await openedBackend(name);
  if (backend === undefined) return;

  const runOf = async (model: OnnxModel, x: readonly number[]): Promise<number[]> => {
    const { graph, weights } = importOnnx(model);
    const planned = planGraph(graph, weights, 1);
    await using executable = await backend.compile(planned.plan, planned.weights);
    const { y } = await executable.run({ x: { shape: [1, ...graph.inputs[0]!.shape], data: Float32Array.from(x) } });
    return [...y!.data];
  };

  it('a norm of a single number that was reshaped before', async () => {
    const nodes = [node('Reshape', 'x s', 'r'), node('Mul', 'r r', 'q'), node('ReduceMean', 'q', 'm', { axes: [-1] }), node('Add', 'm e', 'v'), node('Sqrt', 'v', 'd'), node('Div', 'r d', 'y')]; // biome-ignore format: one list
    const model = modelOf(['n', 1, 1, 1], nodes, [integers('s', 0, 1, 1), floats('e', [], 5)], 11);
    const [y] = await runOf(model, [2]);
    expect(y).toBeCloseTo(2 / 3, 6);
  });

  it('one dilated window that rounding up lets begin inside', async () => {
    const window = { ceil_mode: 1, dilations: [3, 2], kernel_shape: [3, 1], strides: [3, 2] };
    const x = Array.from({ length: 10 }, (_, at) => at);
    expect(await runOf(modelOf(['n', 1, 5, 2], [node('MaxPool', 'x', 'y', window)], [], 20), x)).toEqual([6]);
    expect(await runOf(modelOf(['n', 1, 5, 2], [node('AveragePool', 'x', 'y', window)], [], 20), x)).toEqual([3]);
  });

  it.each([
    [
      [0, -1, 0, 2],
      [2, 3, 4, 2, 3],
    ],
    [
      [0, 2, 0, -1],
      [2, 3, 1, 2, 3],
    ],
    [
      [0, 1, 0, -2],
      [2, 1, 2],
    ],
  ])('Pad by what is left after cropping, around by %j', async (pads, expected) => {
    const model = modelOf(['n', 4], [node('Pad', 'x p', 'y', { mode: 'wrap' })], [integers('p', ...pads)], 19);
    expect(await runOf(model, [1, 2, 3, 4])).toEqual(expected);
  });
});
