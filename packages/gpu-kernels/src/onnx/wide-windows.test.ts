/** Windows beside the batch, as jax2onnx writes every pool of JAX. Expected values are worked out by hand. */
import { describe, expect, it } from 'vitest';
import { importOnnx } from './import-onnx.ts';
import type { OnnxNode, OnnxTensor } from './onnx-model.ts';
import { floats, integers, modelOf, node, run } from './test-models.ts';

// Two pictures of two rows, one column and two channels: [n, 2, 1, 2] as [1, 1, n, 2, 1, 2].
const items = [1, -3, -2, 5, 10, 30, 20, -50];
const sum = floats('w', [1, 1, 1, 2, 1, 1], 1, 1);
const pool = (windows: OnnxNode, constants: readonly OnnxTensor[] = []) =>
  modelOf(
    ['n', 2, 1, 2],
    [node('Unsqueeze', 'x zero', 'a'), node('Unsqueeze', 'a zero', 'b'), windows, node('Squeeze', 'p two', 'y')],
    [integers('zero', 0), integers('two', 0, 1), ...constants],
  );
const ofRows = { kernel_shape: [1, 2, 1, 1] };

describe('windows beside the batch', () => {
  it('are those of each item', async () => {
    expect(await run(pool(node('MaxPool', 'b', 'p', ofRows)), items)).toEqual([1, 5, 20, 30]);
    expect(await run(pool(node('AveragePool', 'b', 'p', ofRows)), items)).toEqual([-0.5, 1, 15, -10]);
    expect(await run(pool(node('Conv', 'b w', 'p'), [sum]), items)).toEqual([-1, 2, 30, -20]);
  });

  it('have strides, pads and a bias', async () => {
    const padded = { ...ofRows, strides: [1, 1, 1, 1], pads: [0, 0, 0, 0, 0, 1, 0, 0] };
    expect(await run(pool(node('MaxPool', 'b', 'p', padded)), items)).toEqual([1, 5, -2, 5, 20, 30, 20, -50]);
    const spread = { strides: [1, 2, 1, 1], dilations: [1, 2, 1, 1], pads: [0, 1, 0, 0, 0, 1, 0, 0] };
    const biased = pool(node('Conv', 'b w c', 'p', spread), [sum, floats('c', [1], 100)]);
    // Rows −1 and 1, where row −1 is padding.
    expect(await run(biased, items)).toEqual([98, 105, 120, 50]);
  });

  it('are computed of constants, which have a dimension of 1 there', async () => {
    const counts = [node('Conv', 'ones w', 'k'), node('Squeeze', 'k two', 'q'), node('Mul', 'x q', 'y')];
    const constants = [floats('ones', [1, 1, 1, 2, 1, 1], 1, 2), sum, integers('two', 0, 1)];
    expect(await run(modelOf(['n', 2, 1, 2], counts, constants), items)).toEqual(items.map((value) => 3 * value));
  });

  it('are refused along the batch', () => {
    const along = pool(node('MaxPool', 'b', 'p', { kernel_shape: [2, 1, 1, 1] }));
    expect(() => importOnnx(along)).toThrow(expect.objectContaining({ code: 'OP_UNSUPPORTED', message: expect.stringContaining('where the batch is not the first dimension') })); // biome-ignore format: one line
  });
});
