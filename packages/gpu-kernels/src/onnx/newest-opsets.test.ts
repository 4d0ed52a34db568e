/** What opsets 25 to 28 brought, and what ONNX 1.23 corrected in ops before. Expected values are worked out by hand. */
import { describe, expect, it } from 'vitest';
import { importOnnx } from './import-onnx.ts';
import type { OnnxModel, OnnxNode, OnnxTensor } from './onnx-model.ts';
import { floats, integers, modelOf, node, run } from './test-models.ts';

const refuses = (model: OnnxModel, why: string, code = 'OP_UNSUPPORTED'): void =>
  expect(() => importOnnx(model)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(why) }));
const zero = floats('zero', [], 0);

it('opsets up to 28 are read, and the message says so', () => {
  expect(importOnnx(modelOf(['n', 1], [node('Relu', 'x', 'y')], [], 28)).graph.outputs).toEqual(['y']);
  refuses(modelOf(['n', 1], [node('Relu', 'x', 'y')], [], 29), 'opset 29; 7 to 28 are implemented');
});

describe('Attention', () => {
  // Scores are 0, so that each row is the mean of the values that it sees.
  const of = (attributes: Record<string, number>, inputs = 'q k x', before: OnnxNode[] = [], constants: OnnxTensor[] = []) =>
    modelOf(['n', 1, 4, 1], [node('Mul', 'x zero', 'k'), node('Identity', 'k', 'q'), ...before, node('Attention', inputs, 'y', attributes)], [zero, ...constants], 25); // biome-ignore format: one model
  const values = [1, 3, 5, 9];

  it('of windows before and behind a token', async () => {
    expect(await run(of({ left_window_size: 1, right_window_size: 0 }), values)).toEqual([1, 2, 4, 7]);
    expect(await run(of({ left_window_size: 0, right_window_size: 1 }), values)).toEqual([2, 4, 7, 9]);
    expect(await run(of({ left_window_size: 1, right_window_size: 2, is_causal: 1 }), values)).toEqual([1, 2, 4, 7]);
    expect(await run(of({ right_window_size: 2, left_window_size: -1 }), values)).toEqual([3, 4.5, 4.5, 4.5]);
  });

  it('gives zeros where a window lies behind the last key', async () => {
    const twice = node('Concat', 'k k', 'long', { axis: 2 });
    const model = of({ left_window_size: 0, right_window_size: 0 }, 'long k x', [twice]);
    expect(await run(model, values)).toEqual([1, 3, 5, 9, 0, 0, 0, 0]);
  });

  it('keeps masked what is masked where scores are capped', async () => {
    const mask: OnnxTensor = { name: 'mask', type: 9, shape: [1, 4], integers: [1, 1, 0, 0] };
    expect(await run(of({ softcap: 2 }, 'q k x mask', [], [mask]), values)).toEqual([2, 2, 2, 2]);
  });

  it('refuses windows that are none, and a past beside padding', () => {
    refuses(of({ left_window_size: -2 }), 'left_window_size must be -1 or more', 'GRAPH_INVALID');
    refuses(of({}, 'q k x _ k x lengths', [], [integers('lengths', 4)]), 'a past beside', 'GRAPH_INVALID');
  });
});

describe('products and remainders', () => {
  const cumulative = (attributes: Record<string, number>, axis: number) => modelOf(['n', 2, 3], [node('CumProd', 'x axis', 'y', attributes)], [integers('axis', axis)], 26); // biome-ignore format: one model

  it('CumProd along any dimension, from the end, and without the number itself', async () => {
    const x = [2, 3, 4, 5, 6, 7];
    expect(await run(cumulative({}, 2), x)).toEqual([2, 6, 24, 5, 30, 210]);
    expect(await run(cumulative({}, -2), x)).toEqual([2, 3, 4, 10, 18, 28]);
    expect(await run(cumulative({ exclusive: 1 }, 2), x)).toEqual([1, 2, 6, 1, 5, 30]);
    expect(await run(cumulative({ exclusive: 1, reverse: 1 }, 2), x)).toEqual([12, 4, 1, 42, 7, 1]);
    refuses(cumulative({}, 0), 'products over the batch');
    const merged = [node('Reshape', 'x all', 'r'), node('CumProd', 'r axis', 'y')];
    refuses(modelOf(['n', 2, 3], merged, [integers('all', -1, 3), integers('axis', 0)], 26), 'products over the batch');
  });

  it('CumProd is of the numbers in their order, whose products stay in range', async () => {
    expect(await run(cumulative({}, 2), [2 ** -100, 2 ** 100, 2 ** 100, 1, 1, 1])).toEqual([
      2 ** -100,
      1,
      2 ** 100,
      1,
      1,
      1,
    ]);
  });

  it('CumProd of constants is computed at import', async () => {
    const nodes = [node('CumProd', 'c axis', 'p', { exclusive: 1 }), node('Cast', 'p', 'f', { to: 1 }), node('Add', 'x f', 'y')]; // biome-ignore format: one list
    const model = modelOf(['n', 3], nodes, [integers('c', 4, 5, 6), integers('axis', 0)], 26);
    expect(await run(model, [0, 0, 0])).toEqual([1, 4, 20]);
  });

  it('Mod of floats has the sign of the divisor, with fmod that of the dividend', async () => {
    const of = (attributes: Record<string, number>) => [node('Mod', 'c d', 'm', attributes), node('Mod', 'x d', 'r', attributes), node('Concat', 'm r', 'y', { axis: 1 })]; // biome-ignore format: one list
    const constants = [floats('c', [1, 2], -7.5, 7.5), floats('d', [1, 2], 2, -2)];
    expect(await run(modelOf([1, 2], of({}), constants, 28), [-7.5, 7.5])).toEqual([0.5, -0.5, 0.5, -0.5]);
    expect(await run(modelOf([1, 2], of({ fmod: 1 }), constants, 28), [-7.5, 7.5])).toEqual([-1.5, 1.5, -1.5, 1.5]);
  });

  it('SwiGLU is a · sigmoid(α a) · b', async () => {
    const model = modelOf(['n', 2], [node('SwiGLU', 'x b', 'y', { alpha: 2 })], [floats('b', [2], 3, 4)], 28);
    const [first, second] = await run(model, [0, Math.log(3) / 2]);
    expect(first).toBe(0);
    expect(second).toBeCloseTo((Math.log(3) / 2) * 0.75 * 4, 6);
  });

  it('LpNormalization of zeros gives zeros', async () => {
    const model = modelOf(['n', 2, 2], [node('LpNormalization', 'x', 'y')]);
    expect(await run(model, [3, 4, 0, 0])).toEqual([Math.fround(0.6), Math.fround(0.8), 0, 0]);
  });
});

it('SpaceToDepth lays pixels out channel by channel with mode CRD', async () => {
  const of = (mode: string) => modelOf(['n', 2, 2, 2], [node('SpaceToDepth', 'x', 'y', { blocksize: 2, mode })], [], 28);
  expect(await run(of('DCR'), [0, 1, 2, 3, 4, 5, 6, 7])).toEqual([0, 4, 1, 5, 2, 6, 3, 7]);
  expect(await run(of('CRD'), [0, 1, 2, 3, 4, 5, 6, 7])).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  refuses(of('RCD'), 'mode "RCD" is none', 'GRAPH_INVALID');
});

describe('bits and types', () => {
  const added = (one: OnnxNode, constants: OnnxTensor[]) => modelOf(['n', 2], [one, node('Cast', 'c', 'f', { to: 1 }), node('Add', 'x f', 'y')], constants, 26); // biome-ignore format: one model

  it('BitCast gives the bits of constants another type', async () => {
    // 2^23 as a float32 has an exponent of 150 and no fraction.
    expect(await run(added(node('BitCast', 'a', 'c', { to: 6 }), [floats('a', [2], 0, 2 ** 23)]), [0, 0])).toEqual([0, 150 * 2 ** 23]); // biome-ignore format: one line
    const bytes: OnnxTensor = { name: 'a', type: 3, shape: [2], integers: [-1, 1] };
    expect(await run(added(node('BitCast', 'a', 'c', { to: 2 }), [bytes]), [0, 0])).toEqual([255, 1]);
    refuses(added(node('BitCast', 'a', 'c', { to: 7 }), [bytes]), 'takes 16 bytes, got 2', 'GRAPH_INVALID');
    refuses(modelOf(['n', 2], [node('BitCast', 'x', 'y', { to: 6 })], [], 26), 'their bits would say something else');
  });

  it('BitShift of numbers with a sign keeps it, and shifts by the width and more leave nothing else', async () => {
    const of = (direction: string, by: number[]) => added(node('BitShift', 'a b', 'c', { direction }), [{ name: 'a', type: 6, shape: [2], integers: [-9, 9] }, { name: 'b', type: 6, shape: [2], integers: by }]); // biome-ignore format: one model
    expect(await run(of('RIGHT', [1, 1]), [0, 0])).toEqual([-5, 4]);
    expect(await run(of('RIGHT', [32, -1]), [0, 0])).toEqual([-1, 0]);
    expect(await run(of('LEFT', [31, 32]), [0, 0])).toEqual([-(2 ** 31), 0]);
  });

  it('weights of 2 bits lie four in a byte, the first in its lowest bits', async () => {
    // 0xe4 is 11 10 01 00.
    const of = (type: number) => {
      const weight: OnnxTensor = { name: 'w', type, shape: [5], raw: Uint8Array.of(0xe4, 0x03) };
      const nodes = [node('DequantizeLinear', 'w half', 'd'), node('Add', 'x d', 'y')];
      return modelOf(['n', 5], nodes, [weight, floats('half', [], 0.5)], 25);
    };
    expect(await run(of(25), [0, 0, 0, 0, 0])).toEqual([0, 0.5, 1, 1.5, 1.5]);
    expect(await run(of(26), [0, 0, 0, 0, 0])).toEqual([0, 0.5, -1, -0.5, -0.5]);
    const packed: OnnxTensor = { name: 'w', type: 25, shape: [4], integers: [0xe4] };
    const sum = modelOf(['n', 4], [node('Cast', 'w', 'f', { to: 1 }), node('Add', 'x f', 'y')], [packed], 25);
    expect(await run(sum, [0, 0, 0, 0])).toEqual([0, 1, 2, 3]);
  });

  it('numbers are quantised to 2 bits', async () => {
    const pair = [node('QuantizeLinear', 'x one _', 'q', { output_dtype: 26, precision: 1 }), node('DequantizeLinear', 'q one', 'y')]; // biome-ignore format: one list
    expect(await run(modelOf(['n', 4], pair, [floats('one', [], 1)], 25), [-3, -1.6, 0.4, 5])).toEqual([-2, -2, 0, 1]);
    const [quantize, dequantize] = pair as [OnnxNode, OnnxNode];
    const inDoubles = { ...quantize, attributes: new Map([...quantize.attributes, ['precision', { kind: 'number', value: 11 } as const]]) }; // biome-ignore format: one object
    refuses(modelOf(['n', 4], [inDoubles, dequantize], [floats('one', [], 1)], 25), 'a quotient in float64');
  });

  // Bits and values of the tables of OCP's specification; FNUZ has a bias of one more.
  it.each([
    [17, 'E4M3FN', [0x38, 0x7e, 0x01, 0xb9, 0x00], [1, 448, 2 ** -9, -1.125, 0]],
    [18, 'E4M3FNUZ', [0x40, 0x7f, 0x01, 0xc1, 0x00], [1, 240, 2 ** -10, -1.125, 0]],
    [19, 'E5M2', [0x3c, 0x7b, 0x01, 0xbd, 0x7c], [1, 57344, 2 ** -16, -1.25, Infinity]],
    [20, 'E5M2FNUZ', [0x40, 0x7f, 0x01, 0xc1, 0x00], [1, 57344, 2 ** -17, -1.25, 0]],
    [24, 'E8M0', [127, 126, 130, 118, 128], [1, 0.5, 8, 2 ** -9, 2]],
  ])('weights of type %i, %s, are read', async (type, _, bits, values) => {
    const raw: OnnxTensor = { name: 'w', type, shape: [5], raw: Uint8Array.from(bits) };
    const { raw: __, ...rest } = raw;
    const nodes = [node('DequantizeLinear', 'w two', 'd'), node('Add', 'x d', 'y')];
    for (const weight of [raw, { ...rest, integers: bits }])
      expect(await run(modelOf(['n', 5], nodes, [weight, floats('two', [], 2)], 25), [0, 0, 0, 0, 0])).toEqual(values.map((value) => 2 * value)); // biome-ignore format: one loop
  });

  it('weights of 4 bits that are floats are read', async () => {
    const weight: OnnxTensor = { name: 'w', type: 23, shape: [3], raw: Uint8Array.of(0xf1, 0x05) };
    const nodes = [node('Cast', 'w', 'f', { to: 1 }), node('Add', 'x f', 'y')];
    expect(await run(modelOf(['n', 3], nodes, [weight], 25), [0, 0, 0])).toEqual([0.5, -6, 3]);
  });

  it('what is no number is none', async () => {
    for (const [type, bits] of [[17, 0xff], [18, 0x80], [19, 0x7d], [20, 0x80], [24, 0xff]] as const) {
      const weight: OnnxTensor = { name: 'w', type, shape: [1], raw: Uint8Array.of(bits) };
      const nodes = [node('Cast', 'w', 'f', { to: 1 }), node('Add', 'x f', 'y')];
      expect(await run(modelOf(['n', 1], nodes, [weight], 25), [0])).toEqual([Number.NaN]);
    }
  }); // biome-ignore format: a list

  it('weights of 6 bits are refused by the name of their type', () => {
    const weight: OnnxTensor = { name: 'w', type: 27, shape: [1], raw: Uint8Array.of(0) };
    refuses(
      modelOf(['n', 1], [node('Cast', 'w', 'f', { to: 1 }), node('Add', 'x f', 'y')], [weight], 28),
      'float6e2m3 (27)',
    );
  });

  it.each([
    [17, 'float8e4m3fn'],
    [23, 'float4e2m1'],
    [27, 'float6e2m3'],
  ])('a conversion to type %i is refused by the name of it', (type, name) => {
    refuses(modelOf(['n', 1], [node('Cast', 'one', 'f', { to: type }), node('Cast', 'f', 'g', { to: 1 }), node('Add', 'x g', 'y')], [floats('one', [], 1)], 28), name); // biome-ignore format: one call
    refuses(modelOf(['n', 1], [node('Cast', 'x', 'f', { to: type }), node('Cast', 'f', 'y', { to: 1 })], [], 28), name);
  });

  it('the least and the largest of no truth', async () => {
    const none: OnnxTensor = { name: 'none', type: 9, shape: [0, 2], integers: [] };
    const nodes = (op: string) => [node(op, 'none axes', 't', { keepdims: 0 }), node('Cast', 't', 'f', { to: 1 }), node('Add', 'x f', 'y')]; // biome-ignore format: one list
    expect(await run(modelOf(['n', 2], nodes('ReduceMax'), [none, integers('axes', 0)], 20), [0, 0])).toEqual([0, 0]);
    expect(await run(modelOf(['n', 2], nodes('ReduceMin'), [none, integers('axes', 0)], 20), [0, 0])).toEqual([1, 1]);
  });
});
