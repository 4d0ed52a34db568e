/** What random graphs found (`goldens/onnx/random`), one form a test. Expected values are those of onnxruntime and `onnx.reference`. */
import { describe, expect, it } from 'vitest';
import { floats, integers, modelOf, node, run } from './test-models.ts';

const counted = (count: number): number[] => Array.from({ length: count }, (_, at) => at + 1);

describe('what random graphs found', () => {
  it('MatMul with a constant vector on either side', async () => {
    const right = modelOf(['n', 3, 2], [node('MatMul', 'x w', 'y')], [floats('w', [2], 10, 1)], 11);
    expect(await run(right, counted(12))).toEqual([12, 34, 56, 78, 100, 122]);
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
    expect(await run(model, counted(12).map((value) => -value))).toEqual([9, 12, 27, 30]);
  });

  it('Softmax before opset 13 over all dimensions from any axis on', async () => {
    const model = modelOf(['n', 2, 2, 2], [node('Softmax', 'x', 'y', { axis: 2 })], [], 11);
    const y = await run(model, [1, 2, 3, 4, 4, 3, 2, 1].map(Math.log));
    for (const [at, expected] of [0.1, 0.2, 0.3, 0.4, 0.4, 0.3, 0.2, 0.1].entries()) expect(y[at]).toBeCloseTo(expected, 6);
  });
});
