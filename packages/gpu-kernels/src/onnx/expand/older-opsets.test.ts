/** Forms of opset 7 to 10, and images with channels last. Expected values are worked out by hand. */
import { describe, expect, it } from 'vitest';
import { openReference } from '../../backends/reference/reference-backend.ts';
import { planGraph } from '../../graph/planner.ts';
import { importOnnx } from '../import-onnx.ts';
import { floats, modelOf, node, run } from '../test-models.ts';

const refusal = (message: string) =>
  expect.objectContaining({ code: 'OP_UNSUPPORTED', message: expect.stringContaining(message) });

describe('opsets 7 and 8', () => {
  it.each([7, 8])('Upsample of opset %i takes scales from an attribute', async (opset) => {
    const upsample = node('Upsample', 'x', 'y', { mode: 'linear', scales: [1, 1, 1, 2] });
    expect(await run(modelOf(['n', 1, 1, 2], [upsample], [], opset), [1, 3])).toEqual([1, 2, 3, 3]);
  });

  it('norms have a mean for each channel, or are refused', async () => {
    const constants = [floats('s', [2], 1, 2), floats('b', [2], 0, 1), floats('m', [2], 1, 3), floats('v', [2], 1, 4)];
    const norm = (spatial: number) =>
      modelOf(['n', 2, 1, 1], [node('BatchNormalization', 'x s b m v', 'y', { spatial, epsilon: 0 })], constants, 7);
    expect(await run(norm(1), [3, 5])).toEqual([2, 3]);
    await expect(run(norm(0), [3, 5])).rejects.toThrow('spatial');
  });

  it('operands broadcast by their last dimensions', async () => {
    const sum = modelOf(['n', 2, 2], [node('Add', 'x c', 'y')], [floats('c', [2], 10, 20)], 7);
    expect(await run(sum, [1, 2, 3, 4])).toEqual([11, 22, 13, 24]);
  });

  it('an older one is refused', () => {
    expect(() => importOnnx(modelOf(['n', 2], [node('Relu', 'x', 'y')], [], 6))).toThrow(refusal('opset 6; 7 to 28'));
  });
});

describe('opsets 9 and 10', () => {
  it.each([9, 10])('Clip of opset %i takes bounds from attributes, either of which may be missing', async (opset) => {
    const clip = (attributes: Record<string, number>) => modelOf(['n', 3], [node('Clip', 'x', 'y', attributes)], [], opset);
    expect(await run(clip({ min: -1, max: 2 }), [-5, 1, 5])).toEqual([-1, 1, 2]);
    expect(await run(clip({ max: 2 }), [-5, 1, 5])).toEqual([-5, 1, 2]);
  });

  it('Pad takes pads and value from attributes', async () => {
    const pad = node('Pad', 'x', 'y', { pads: [0, 0, 0, 1, 0, 0, 1, 0], value: 7 });
    expect(await run(modelOf(['n', 1, 1, 2], [pad], [], 9), [1, 2])).toEqual([7, 1, 2, 7, 7, 7]);
  });

  it('Slice takes bounds from attributes', async () => {
    const slice = node('Slice', 'x', 'y', { starts: [1], ends: [-1], axes: [1] });
    expect(await run(modelOf(['n', 4], [slice], [], 9), [1, 2, 3, 4])).toEqual([2, 3]);
    // As torch writes `x[:, 1:]`: 2^63 − 1, which is 2^63 as a number.
    const toEnd = node('Slice', 'x', 'y', { starts: [1], ends: [2 ** 63], axes: [1] });
    expect(await run(modelOf(['n', 4], [toEnd], [], 9), [1, 2, 3, 4])).toEqual([2, 3, 4]);
  });

  it.each([
    ['nearest', [1, 1, 3, 3]], // places 0, ½, 1, 1½ rounded down
    ['linear', [1, 2, 3, 3]], // the same places between 1 and 3, nothing beyond 1
  ])('Upsample by 2, %s', async (mode, expected) => {
    const nodes = [node('Upsample', 'x scales', 'y', { mode })];
    const model = modelOf(['n', 1, 1, 2], nodes, [floats('scales', [4], 1, 1, 1, 2)], 9);
    expect(await run(model, [1, 3])).toEqual(expected);
  });

  it.each([
    ['nearest', 1.5, [1, 1, 2, 3, 3, 4, 5, 5, 6]],
    ['linear', 1.5, [1, 1.666667, 2.333333, 3, 3.666667, 4.333333, 5, 5.666667, 6]],
    ['linear', 0.5, [1, 3, 5]],
  ])('Resize of opset 10, %s by %f, gives what onnxruntime gives', async (mode, scale, expected) => {
    const nodes = [node('Resize', 'x scales', 'y', { mode })];
    const y = await run(modelOf(['n', 1, 1, 6], nodes, [floats('scales', [4], 1, 1, 1, scale)], 10), [1, 2, 3, 4, 5, 6]);
    expect(y).toHaveLength(expected.length);
    for (const [at, value] of expected.entries()) expect(y[at]).toBeCloseTo(value, 5);
  });

  it('Resize of opset 10 that shrinks to the nearest is refused, and the message names the opset of the file', () => {
    const nodes = [node('Resize', 'x scales', 'y', { mode: 'nearest' })];
    const model = modelOf(['n', 1, 1, 2], nodes, [floats('scales', [4], 1, 1, 1, 0.5)], 10);
    expect(() => importOnnx(model)).toThrow(refusal('opset 10'));
  });
});

describe('images with channels last', () => {
  const recipe = [
    { step: 'resize', filter: 'pillow-nearest', width: 3, height: 2 },
    { step: 'normalise', scale: 1, mean: [0, 0, 0], deviation: [1, 1, 1] },
  ] as const;

  it('are given with channels first and turned', async () => {
    const model = modelOf(['n', 2, 3, 3], [node('Neg', 'x', 'y')], [], 9);
    const { graph } = importOnnx(model, { recipe });
    expect(graph.inputs[0]).toMatchObject({ name: 'x', shape: [3, 2, 3] });
    // pixels as they lie in an image and in the file: channels last
    const data = Uint8Array.of(1, 11, 21, 2, 12, 22, 3, 13, 23, 4, 14, 24, 5, 15, 25, 6, 16, 26);
    const { plan, weights } = planGraph(graph, {}, 1);
    await using executable = await openReference().compile(plan, weights);
    const { y } = await executable.run({ x: [{ width: 3, height: 2, channels: 3, data }] });
    expect([y!.shape, ...y!.data]).toEqual(
      [[1, 2, 3, 3], ...data].map((value) => (typeof value === 'number' ? -value : value)),
    );
  });

  it('without a recipe, tensors stand in the order of the file', async () => {
    const model = modelOf(['n', 1, 2, 3], [node('Neg', 'x', 'y')]);
    expect(importOnnx(model).graph.inputs[0]!.shape).toEqual([1, 2, 3]);
  });

  it('channels that may stand first do', () => {
    const model = modelOf(['n', 3, 2, 3], [node('Neg', 'x', 'y')]);
    expect(importOnnx(model, { recipe }).graph.inputs[0]!.shape).toEqual([3, 2, 3]);
  });
});
