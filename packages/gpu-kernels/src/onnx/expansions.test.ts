/** Attention, rotary embeddings and fused ops of onnxruntime: what is refused, and that files cannot ask for endless work. */
import { describe, expect, it } from 'vitest';
import { importOnnx } from './import-onnx.ts';
import type { OnnxModel, OnnxTensor } from './onnx-model.ts';
import { floats, integers, modelOf, node, run } from './test-models.ts';

const contrib = 'com.microsoft';
const three = (shape: readonly (number | string)[], one: ReturnType<typeof node>, constants: readonly OnnxTensor[] = []): OnnxModel => ({
  ...modelOf(shape, [one], constants, 23),
  inputs: ['x', 'k', 'v'].map((name) => ({ name, type: 1, shape })),
}); // biome-ignore format: signature
const refuses = (model: OnnxModel, why: string, code = 'GRAPH_INVALID'): void =>
  expect(() => importOnnx(model)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(why) }));

it('MatMulBnb4 refuses other floats, turned weights, training, and numbers that do not fit', () => {
  const of = (changes: Record<string, number>, weights = 32) =>
    modelOf(['n', 3, 16], [node('MatMulBnb4', 'x w s', 'y', { K: 16, N: 4, block_size: 16, quant_type: 1, ...changes }, contrib)], [
      integers('w', ...new Array<number>(weights).fill(18)), floats('s', [4], 1, 2, 3, 4),
    ]); // biome-ignore format: one model
  refuses(of({ quant_type: 2 }), 'quant_type 2', 'OP_UNSUPPORTED');
  refuses(of({ transB: 0 }), 'transB', 'OP_UNSUPPORTED');
  refuses(of({ training_mode: 1 }), 'training_mode', 'OP_UNSUPPORTED');
  refuses(of({ block_size: 0 }), 'blocks of 0 of 4 x 16');
  refuses(of({ block_size: 32 }), 'scales of shape [4], 2 numbers');
  refuses(of({}, 31), 'weights of shape [31], 32 numbers');
});

describe('Attention', () => {
  it('of grouped queries refuses a past, heads that do not fit, and what it does not compute', () => {
    const of = (attributes: Parameters<typeof node>[3], inputs = 'x k k _ _ last total') =>
      modelOf(['n', 3, 8], [node('GroupQueryAttention', inputs, 'y', attributes, 'com.microsoft')], [
        floats('k', [1, 3, 4], ...new Array<number>(12).fill(1)), floats('past', [1, 1, 2, 4], ...new Array<number>(8).fill(1)),
        integers('last', 2), integers('total', 3),
      ]); // biome-ignore format: one model
    const heads = { num_heads: 2, kv_num_heads: 1 };
    refuses(of(heads, 'x x x past past last total'), 'without a cache', 'OP_UNSUPPORTED');
    refuses(of({ num_heads: 3, kv_num_heads: 1 }), 'do not fall into 3 heads');
    refuses(of({ num_heads: 0, kv_num_heads: 1 }), '0 heads that share 1');
    refuses(of({ ...heads, smooth_softmax: 1 }), 'smooth_softmax', 'OP_UNSUPPORTED');
    refuses(of({ ...heads, k_quant_type: 'PER_TENSOR' }), 'quantised keys', 'OP_UNSUPPORTED');
  });

  it('refuses heads that do not fit, and modes that are none', () => {
    const of = (attributes: Record<string, number>) => three(['n', 4, 8], node('Attention', 'x k v', 'y', attributes));
    refuses(of({ q_num_heads: 3, kv_num_heads: 3 }), '8 numbers do not fall into 3 heads');
    refuses(of({}), 'do not fall into 0 heads');
    refuses(of({ q_num_heads: 4, kv_num_heads: 8 }), 'queries, keys and values do not fit');
    refuses(of({ q_num_heads: 2, kv_num_heads: 2, qk_matmul_output_mode: 4 }), 'mode 4');
    refuses(of({ q_num_heads: 2, kv_num_heads: 2, softmax_precision: 11 }), 'more than float32', 'OP_UNSUPPORTED');
    refuses(of({ q_num_heads: 2, kv_num_heads: 2, window: 1 }), 'window', 'OP_UNSUPPORTED');
  });

  it('refuses a mask of the whole batch, and a causal one of more numbers than fit', () => {
    const attributes = { q_num_heads: 1, kv_num_heads: 1 };
    const masked = three(['n', 4, 8], node('Attention', 'x k v x', 'y', attributes));
    refuses(masked, 'a computed mask that is not [batch, heads, queries, keys]', 'OP_UNSUPPORTED');
    refuses(three(['n', 2 ** 20, 1], node('Attention', 'x k v', 'y', { ...attributes, is_causal: 1 })), 'would be computed at import'); // biome-ignore format: one call
  });
});

describe('ops of onnxruntime', () => {
  const of = (
    op: string,
    inputs: string,
    attributes: Parameters<typeof node>[3] = {},
    shape: (number | string)[] = ['n', 4, 8],
    constants: OnnxTensor[] = [], // biome-ignore format: signature
  ) => modelOf(shape, [node(op, inputs, 'y', attributes, contrib)], constants);

  it('refuse what they do not compute, by name', () => {
    const unsupported = (model: OnnxModel, why: string): void => refuses(model, why, 'OP_UNSUPPORTED');
    const weight = floats('w', [8, 24], ...new Array<number>(192).fill(0));
    unsupported(of('Attention', 'x w _ _ x', { num_heads: 2 }, undefined, [weight]), 'past keys and values');
    unsupported(of('Attention', 'x w', { num_heads: 2, do_rotary: 1 }, undefined, [weight]), 'do_rotary');
    unsupported(of('Attention', 'x w _ x', { num_heads: 2 }, undefined, [weight]), 'a mask that is not');
    unsupported(of('MultiHeadAttention', 'x x x _ _ _ _ _ x', { num_heads: 2 }), 'a buffer that past and present share');
    unsupported(of('FusedConv', 'x w', { activation: 'Gelu' }, ['n', 1, 2, 2], [floats('w', [1, 1, 1, 1], 1)]), 'activation Gelu'); // biome-ignore format: one call
    unsupported(of('NhwcConv', 'x w', {}, ['n', 4, 4, 3], [floats('w', [1, 3, 1, 1], 1, 1, 1)]), 'a filter of 1 channels in its last dimension'); // biome-ignore format: one call
    unsupported(of('RotaryEmbedding', 'x x x x', { scale: 2 }), 'scale');
    refuses(of('MultiHeadAttention', 'x x x', { num_heads: 0 }), 'num_heads 0');
    refuses(of('MultiHeadAttention', 'x x x', { num_heads: -1 }), 'num_heads -1');
    refuses(of('BiasSplitGelu', 'x c', {}, ['n', 4, 3], [floats('c', [3], 1, 2, 3)]), 'no halves');
    refuses(of('FusedMatMul', 'x x', { transBatchA: 1 }, ['n', 4]), 'no matrices to turn');
  });

  it('FusedMatMul moves the first dimension behind the other leading ones', async () => {
    // [n, 2, 3] → [2, n, 3], back to [n, 2, 3], times [3, 1] / 2.
    const heads = modelOf(['n', 2, 3], [node('Transpose', 'x', 't', { perm: [1, 0, 2] }), node('FusedMatMul', 't w', 'y', { transBatchA: 1, alpha: 0.5 }, contrib)], [floats('w', [3, 1], 2, 4, 6)]); // biome-ignore format: one model
    expect(await run(heads, [1, 0, 0, 0, 0, 1])).toEqual([1, 3]);
  });
});

describe('constants', () => {
  const filled = { ...node('ConstantOfShape', 's', 'c'), attributes: new Map() };
  const of = (shape: readonly number[], ...nodes: ReturnType<typeof node>[]): OnnxModel =>
    modelOf(['n', 1], [filled, ...nodes, node('Add', 'x p', 'y')], [integers('s', ...shape)], 13);

  it('are not computed where that takes too much work', () => {
    expect(() => importOnnx(of([4096, 4096], node('MatMul', 'c c', 'p')))).toThrow('would be computed at import');
    const names = Array.from({ length: 40 }, (_, i) => `p${i}`);
    const sums = names.map((name) => node('ReduceMax', 'c', name, { axes: [0], keepdims: 0 }));
    expect(() => importOnnx(of([2, 2 ** 25], ...sums, node('Max', names.join(' '), 'p')))).toThrow(
      'would be computed at import',
    );
  });

  it('are chosen from by as many indices as there are pairs of tokens', async () => {
    const places = Array.from({ length: 5000 }, (_, i) => (i * 7) % 3);
    const chosen = [node('Gather', 'table places', 'all'), node('Slice', 'all from to', 'p'), node('Add', 'x p', 'y')];
    const model = modelOf(['n', 2], chosen, [floats('table', [3], 1, 2, 4), integers('places', ...places), integers('from', 4998), integers('to', 5000)]); // biome-ignore format: one model
    // Places 4998 and 4999 hold 0 and 1.
    expect(await run(model, [10, 20])).toEqual([11, 22]);
  });

  it('of products, sums and functions are exact', async () => {
    const nodes = [node('MatMul', 'w w', 'm'), node('ReduceMean', 'm', 'r', { axes: [0], keepdims: 0 }), node('Cos', 'zero', 'one'), node('Mul', 'r one', 'p')]; // biome-ignore format: one list
    const model = modelOf(['n', 2], [...nodes, node('Add', 'x p', 'y')], [floats('w', [2, 2], 1, 2, 3, 4), floats('zero', [1], 0)]); // biome-ignore format: one model
    // [[7, 10], [15, 22]], the mean of whose rows is [11, 16].
    expect(await run(model, [0.5, 0.25])).toEqual([11.5, 16.25]);
  });

  it('are resized as values are, in all or in some dimensions', async () => {
    const table = floats('w', [1, 1, 1, 2], 1, 2);
    const sum = node('Add', 'x p', 'y');
    const all = modelOf(['n', 1, 1, 4], [node('Resize', 'w _ _ size', 'p', { mode: 'linear' }), sum], [table, integers('size', 1, 1, 1, 4)]); // biome-ignore format: one model
    expect(await run(all, [0, 0, 0, 10])).toEqual([1, 1.25, 1.75, 12]);
    const some = modelOf(['n', 1, 1, 4], [node('Resize', 'w _ scale', 'p', { axes: [3] }), sum], [table, floats('scale', [1], 2)], 18); // biome-ignore format: one model
    expect(await run(some, [0, 0, 0, 10])).toEqual([1, 1, 2, 12]);
  });
});
