/** CausalConvWithState and LinearAttention. Values of a few steps are worked out by hand; more are ONNX's node tests. */
import { describe, expect, it } from 'vitest';
import { importOnnx } from './import-onnx.ts';
import type { OnnxModel, OnnxNode, OnnxTensor } from './onnx-model.ts';
import { floats, integers, modelOf, node, run } from './test-models.ts';

const refuses = (model: OnnxModel, why: string, code = 'GRAPH_INVALID'): void =>
  expect(() => importOnnx(model)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(why) }));

describe('CausalConvWithState', () => {
  const taps = floats('w', [1, 1, 3], 1, 10, 100);
  const of = (inputs: string, before: OnnxNode[] = [], attributes: Record<string, string> = {}, constants: OnnxTensor[] = [taps]) => // biome-ignore format: signature
    modelOf(['n', 1, 4], [...before, node('CausalConvWithState', inputs, 'h s', attributes), node('Concat', 'h s', 'y', { axis: 2 })], [...constants, integers('from', 0), integers('to', 2), integers('axis', 2)], 27); // biome-ignore format: one model

  it('sees numbers before each, zeros before the first, and gives the last of them', async () => {
    expect(await run(of('x w'), [1, 2, 3, 4])).toEqual([100, 210, 321, 432, 3, 4]);
  });

  it('sees those of the past', async () => {
    const past = node('Slice', 'x from to axis', 'p');
    // 1, 2 before 1, 2, 3, 4.
    expect(await run(of('x w _ p', [past]), [1, 2, 3, 4])).toEqual([121, 212, 321, 432, 3, 4]);
  });

  it('adds a bias and ends with silu', async () => {
    const [first] = await run(of('x w b', [], { activation: 'silu' }, [taps, floats('b', [1], Math.log(3))]), [0, 0, 0, 0]); // biome-ignore format: one line
    expect(first).toBeCloseTo(Math.log(3) * 0.75, 6);
  });

  it('refuses what does not fit', () => {
    refuses(of('x w', [], { activation: 'relu' }), 'activation "relu"');
    refuses(of('x w', [], {}, [floats('w', [2, 1, 1], 1, 1)]), 'for 1 channels');
    refuses(of('x w _ x'), 'a past of 4 places for a filter of 3');
    refuses(of('x w', [], {}, [floats('w', [1, 1, 1], 1)]), 'a state that holds nothing', 'OP_UNSUPPORTED');
  });
});

describe('LinearAttention', () => {
  const heads = { q_num_heads: 1, kv_num_heads: 1, scale: 1 };
  // Decay ln ½ and rate ½ at each step; queries, keys and values are x.
  const before = [node('Mul', 'x zero', 'none'), node('Add', 'none ln', 'g'), node('Add', 'none half', 'b')];
  const constants = [floats('zero', [], 0), floats('ln', [], Math.log(0.5)), floats('half', [], 0.5)];
  const of = (rule: string, inputs: string, attributes: Record<string, number> = {}) =>
    modelOf(['n', 3, 1], [...before, node('LinearAttention', inputs, 'o s', { ...heads, update_rule: rule, ...attributes }), node('Squeeze', 's last', 't'), node('Concat', 'o t', 'y', { axis: 1 })], [...constants, integers('last', 3)], 27); // biome-ignore format: one model
  const close = async (model: OnnxModel, expected: readonly number[]): Promise<void> => {
    const got = await run(model, [1, 2, 3]);
    for (const [index, value] of expected.entries()) expect(got[index]).toBeCloseTo(value, 5);
    expect(got).toHaveLength(expected.length);
  };

  it('sums what was written', () => close(of('linear', 'x x x'), [1, 10, 42, 14]));
  it('forgets', () => close(of('gated', 'x x x _ g'), [1, 9, 33.75, 11.25]));
  it('writes what is missing', () => close(of('delta', 'x x x _ _ b'), [0.5, 3, -2.25, -0.75]));
  it('does both', () => close(of('gated_delta', 'x x x _ g b'), [0.5, 3.5, 4.3125, 1.4375]));

  it('two heads of queries share one of keys, beside a past', async () => {
    // q is x and 2 x, and S begins at the first x.
    const nodes = [node('Slice', 'x from to axis', 'p'), node('Reshape', 'p square', 'past'), node('Mul', 'x two', 'double'), node('Concat', 'x double', 'q', { axis: 2 }), node('LinearAttention', 'q x x past', 'y', { ...heads, q_num_heads: 2, update_rule: 'linear' })]; // biome-ignore format: one list
    const model = modelOf(['n', 2, 1], nodes, [integers('from', 0), integers('to', 1), integers('axis', 1), integers('square', 0, 1, 1, 1), floats('two', [], 2)], 27); // biome-ignore format: one model
    // S: 3 + 9 = 12, then 12 + 16 = 28.
    expect(await run(model, [3, 4])).toEqual([36, 72, 112, 224]);
  });

  it('refuses rules that are none or lack what they read, and heads that do not fit', () => {
    refuses(of('square', 'x x x'), 'update_rule "square"');
    refuses(of('gated', 'x x x'), 'does not go with the inputs');
    refuses(of('linear', 'x x x _ g'), 'does not go with the inputs');
    refuses(of('linear', 'x x x', { kv_num_heads: 2 }), 'do not fall into 1 and 2 heads');
    const long = modelOf(['n', 2000, 1], [node('Identity', 'x', 'g'), node('LinearAttention', 'x x x _ g', 'y', { ...heads, update_rule: 'gated' })], [], 27); // biome-ignore format: one model
    refuses(long, '2000 steps of a recurrence', 'OP_UNSUPPORTED');
  });
});
