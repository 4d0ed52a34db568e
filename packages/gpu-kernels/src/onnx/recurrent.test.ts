/** LSTM, GRU and RNN as their steps. Values of one step and one number are worked out by hand; whole sequences are ONNX's node tests and `goldens/onnx/ops`. */
import { describe, expect, it } from 'vitest';
import { importOnnx } from './import-onnx.ts';
import type { OnnxModel, OnnxNode, OnnxTensor } from './onnx-model.ts';
import { floats, integers, modelOf, node, run } from './test-models.ts';

const weights = (gates: number, w: number, r: number): OnnxTensor[] => [
  floats('w', [1, gates, 1], ...new Array<number>(gates).fill(w)),
  floats('r', [1, gates, 1], ...new Array<number>(gates).fill(r)),
];
/** Batch first at the model, second at the recurrence. */
const recurrence = (one: OnnxNode, constants: readonly OnnxTensor[], length = 2): OnnxModel =>
  modelOf(['n', length, 1], [node('Transpose', 'x', 't', { perm: [1, 0, 2] }), { ...one, inputs: ['t', ...one.inputs.slice(1)], outputs: ['s', 'h'] }, node('Transpose', 'h', 'y', { perm: [1, 0, 2] })], constants); // biome-ignore format: one model
const relu = (of: OnnxNode, ...names: string[]): OnnxNode => ({ ...of, attributes: new Map([...of.attributes, ['activations', { kind: 'strings', value: names }]]) }); // biome-ignore format: one line

describe('recurrences', () => {
  it('RNN: H = relu(x + 2 H), for each item', async () => {
    const model = recurrence(relu(node('RNN', 'x w r', 'y', { hidden_size: 1 }), 'Relu'), weights(1, 1, 2));
    // 1, then 10 + 2 · 1; and −1 → 0, then 5.
    expect(await run(model, [1, 10, -1, 5])).toEqual([12, 5]);
  });

  it('RNN in one direction takes the first of two functions, which files have that write out what ONNX leaves out', async () => {
    const model = recurrence(relu(node('RNN', 'x w r', 'y', { hidden_size: 1 }), 'Relu', 'Tanh'), weights(1, 1, 2));
    expect(await run(model, [1, 10])).toEqual([12]);
  });

  it('RNN backwards ends at the first number', async () => {
    const model = recurrence(relu(node('RNN', 'x w r', 'y', { direction: 'reverse' }), 'Relu'), weights(1, 1, 2));
    expect(await run(model, [1, 10])).toEqual([21]);
  });

  it('GRU: H = (1 − z) · h + z · H, gates being positive sums', async () => {
    const of = (attributes: Record<string, number>) => recurrence(relu(node('GRU', 'x w r', 'y', attributes), 'Relu', 'Relu'), weights(3, 1, 1)); // biome-ignore format: one model
    // First z = h = 2, so H = −2. Then z = r = 3 − 2 = 1 and h = 3 + 1 · −2 = 1, so H = 0 · 1 + 1 · −2.
    expect(await run(of({}), [2, 3])).toEqual([-2]);
    expect(await run(of({ linear_before_reset: 1 }), [2, 3])).toEqual([-2]);
  });

  it('LSTM: C = f · C + i · c, H = o · C, with clipped gates', async () => {
    const of = (attributes: Record<string, number>) => recurrence(relu(node('LSTM', 'x w r', 'y', attributes), 'Relu', 'Relu', 'Relu'), weights(4, 1, 1)); // biome-ignore format: one model
    // i = o = c = 1: C = 1, H = 1. Then all gates are 2 + 1: C = 3 · 1 + 9, H = 36.
    expect(await run(of({}), [1, 2])).toEqual([36]);
    expect(await run(of({ clip: 2 }), [1, 2])).toEqual([12]);
  });

  it('that cannot be written out are refused', () => {
    const refuses = (model: OnnxModel, code: string, why: string): void =>
      expect(() => importOnnx(model)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(why) }));
    const of = (attributes: Record<string, number | string>, inputs = 'x w r', more: readonly OnnxTensor[] = [], length = 2) => recurrence(node('LSTM', inputs, 'y', attributes), [...weights(4, 1, 1), ...more], length); // biome-ignore format: one model
    refuses(of({}, undefined, [], 1025), 'OP_UNSUPPORTED', '1025 steps of a recurrence, at most 1024');
    refuses(of({ direction: 'sideways' }), 'GRAPH_INVALID', 'direction "sideways"');
    refuses(of({ input_forget: 1 }), 'OP_UNSUPPORTED', 'input_forget');
    refuses(of({ hidden_size: 2 }), 'GRAPH_INVALID', 'do not fit 1 directions of 2 numbers');
    refuses(of({}, 'x w r b', [floats('b', [1, 3], 1, 2, 3)]), 'GRAPH_INVALID', 'biases of 3 numbers, 8 are expected');
    refuses(of({}, 'x w r _ l', [integers('l', 1)]), 'OP_UNSUPPORTED', 'sequences that are shorter');
    refuses(recurrence(relu(node('RNN', 'x w r', 'y'), 'Affine'), weights(1, 1, 1)), 'OP_UNSUPPORTED', 'activation Affine'); // biome-ignore format: one call
    refuses(recurrence(relu(node('GRU', 'x w r', 'y'), 'Tanh', 'Tanh', 'Tanh'), weights(3, 1, 1)), 'GRAPH_INVALID', '3 activations'); // biome-ignore format: one call
    refuses(modelOf(['n', 2, 1], [node('RNN', 'x w r', 'y')], weights(1, 1, 1)), 'OP_UNSUPPORTED', 'a sequence along the batch'); // biome-ignore format: one call
  });

  it('that together take more steps than are written out are refused', () => {
    const chain = Array.from({ length: 5 }, (_, i) => [node('RNN', `${i === 0 ? 't' : `f${i - 1}`} w r`, `s${i}`), node('Squeeze', `s${i} one`, `f${i}`)]).flat(); // biome-ignore format: one list
    const turn = (from: string, to: string) => node('Transpose', from, to, { perm: [1, 0, 2] });
    const model = modelOf(['n', 1024, 1], [turn('x', 't'), ...chain, turn('f4', 'y')], [...weights(1, 1, 1), integers('one', 1)]); // biome-ignore format: one model
    expect(() => importOnnx(model)).toThrow('more than 4096 steps of recurrences in one network');
  }, 60_000);
});
