/** Choices by known places, bits of constants, and ops that are refused with advice. Expected values are worked out by hand. */
import { describe, expect, it } from 'vitest';
import { importOnnx } from './import-onnx.ts';
import type { OnnxModel, OnnxTensor } from './onnx-model.ts';
import { floats, integers, modelOf, node, run } from './test-models.ts';

const refuses = (model: OnnxModel, why: string, code = 'OP_UNSUPPORTED'): void =>
  expect(() => importOnnx(model)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(why) }));
const truth = (name: string, ...values: number[]): OnnxTensor => ({
  name,
  type: 9,
  shape: [values.length],
  integers: values,
});

describe('choices', () => {
  it('Compress by a known condition', async () => {
    const compress = (shape: (number | string)[], axis: number, ...chosen: number[]) => modelOf(shape, [node('Compress', 'x c', 'y', { axis })], [truth('c', ...chosen)]); // biome-ignore format: one model
    expect(await run(compress(['n', 3], 1, 0, 1, 1), [1, 2, 3])).toEqual([2, 3]);
    expect(await run(compress(['n', 3], -1, 1), [1, 2, 3])).toEqual([1]);
    refuses(compress(['n', 3], 0, 1), 'a choice of items');
    refuses(compress(['n', 3], 1, 0, 0, 0), 'of which 0 are left', 'GRAPH_INVALID');
    refuses(compress(['n', 3], 1, 1, 1, 1, 1), 'a condition of 4 for 3 numbers', 'GRAPH_INVALID');
    refuses(modelOf(['n', 3], [node('Cast', 'x', 'c', { to: 9 }), node('Compress', 'x c', 'y', { axis: 1 })]), 'depends on the image'); // biome-ignore format: one call
  });

  it('ReverseSequence by known lengths and by those of each item', async () => {
    const known = (...lengths: number[]) => modelOf(['n', 4], [node('ReverseSequence', 'x l', 'y', { batch_axis: 0, time_axis: 1 })], [integers('l', ...lengths)]); // biome-ignore format: one model
    expect(await run(known(3), [1, 2, 3, 4])).toEqual([3, 2, 1, 4]);
    refuses(known(5), 'within 4 steps', 'GRAPH_INVALID');
    refuses(known(1, 2), 'differ from item to item');
    const two = { ...modelOf(['n', 4], [node('ReverseSequence', 'x l', 'y', { batch_axis: 0, time_axis: 1 })]), inputs: [{ name: 'x', type: 1, shape: ['n', 4] }, { name: 'l', type: 7, shape: ['n'] }] }; // biome-ignore format: one model
    expect(importOnnx(two).graph.inputs.map(({ name }) => name)).toEqual(['x', 'l']);
    // The length of each item is its first number.
    const nodes = [node('Slice', 'x zero one one', 's'), node('Squeeze', 's one', 'f'), node('Cast', 'f', 'l', { to: 7 }), node('ReverseSequence', 'x l', 'y', { batch_axis: 0, time_axis: 1 })]; // biome-ignore format: one list
    expect(await run(modelOf(['n', 4], nodes, [integers('zero', 0), integers('one', 1)]), [2, 5, 6, 7, 4, 1, 2, 3])).toEqual([5, 2, 6, 7, 3, 2, 1, 4]); // biome-ignore format: one line
  });
});

describe('tests for infinity', () => {
  const cast = (from: string, to: string, type: number) => node('Cast', from, to, { to: type });
  const large = [Number.POSITIVE_INFINITY, Number.NaN, 3e38];

  it('of float64 that was float32 are those of float32, as the older exporter writes isinf and isfinite', async () => {
    const nodes = [cast('x', 'd', 11), node('IsInf', 'd', 'i'), node('IsNaN', 'd', 'n'), node('Or', 'i n', 'o'), node('Not', 'o', 'f'), cast('f', 'y', 1)]; // biome-ignore format: one list
    expect(await run(modelOf(['n', 3], nodes), large)).toEqual([0, 0, 1]);
  });

  it('leave float64 refused where anything else reads it', () => {
    const both = [cast('x', 'd', 11), node('IsInf', 'd', 'i'), cast('i', 'f', 1), node('Sqrt', 'd', 's'), node('Add', 's f', 'y')]; // biome-ignore format: one list
    refuses(modelOf(['n', 3], both), 'float64');
    refuses(modelOf(['n', 3], [cast('x', 'y', 11)]), 'float64');
  });
});

describe('bits', () => {
  const of = (op: string, type: number, a: number[], b: number[], attributes = {}) => {
    const tensor = (name: string, values: number[]): OnnxTensor => ({
      name,
      type,
      shape: [values.length],
      integers: values,
    });
    const both = b.length > 0 ? [tensor('a', a), tensor('b', b)] : [tensor('a', a)];
    const nodes = [node(op, both.map(({ name }) => name).join(' '), 'c', attributes), node('Cast', 'c', 'f', { to: 1 }), node('Add', 'x f', 'y')]; // biome-ignore format: one list
    return run(modelOf(['n', a.length], nodes, both), new Array<number>(a.length).fill(0));
  };

  it('of constants, as wide as their type', async () => {
    expect(await of('BitwiseAnd', 7, [12, -1], [10, 5])).toEqual([8, 5]);
    expect(await of('BitwiseXor', 2, [255], [15])).toEqual([240]);
    expect(await of('BitwiseNot', 2, [1], [])).toEqual([254]);
    expect(await of('BitwiseNot', 7, [1], [])).toEqual([-2]);
    expect(await of('BitShift', 2, [129, 3, 1], [1, 0, 9], { direction: 'LEFT' })).toEqual([2, 3, 0]);
    expect(await of('BitShift', 2, [129], [1], { direction: 'RIGHT' })).toEqual([64]);
  });

  it('are refused of floats, of mixed types, and beyond what a double holds', async () => {
    await expect(of('BitShift', 13, [1], [60], { direction: 'LEFT' })).rejects.toThrow('too large');
    await expect(of('BitShift', 13, [1], [1], { direction: 'UP' })).rejects.toThrow('direction "UP"');
    refuses(modelOf(['n', 1], [node('BitwiseNot', 'c', 'd'), node('Add', 'x d', 'y')], [floats('c', [1], 1)]), 'bits of float32'); // biome-ignore format: one call
  });
});

it.each([
  ['NonMaxSuppression', 'reduce: max-over-boxes'],
  ['NonZero', 'depends on the image'],
  ['RandomNormalLike', 'it draws random numbers'],
  ['DecodeImage', 'with the image as its input', 'com.microsoft.extensions'],
  ['ExtendedQuantizeLinear', 'BF16QDQToCast', 'com.amd.quark'],
])('%s is refused with what to do about it', (op, why, domain = '') => {
  refuses(modelOf(['n', 4], [node(op, 'x', 'y', {}, domain)]), why);
});
