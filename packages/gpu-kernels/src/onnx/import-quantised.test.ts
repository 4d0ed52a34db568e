import { describe, expect, it } from 'vitest';
import { openReference } from '../backends/reference/reference-backend.ts';
import { planGraph } from '../graph/planner.ts';
import { foldOnnx, importOnnx } from './import-onnx.ts';
import { costOf } from './inspect-onnx.ts';
import type { OnnxAttributeValue, OnnxModel, OnnxNode, OnnxTensor } from './onnx-model.ts';
import { packWeight } from './quantization.ts';

const node = (op: string, inputs: string, outputs: string, attributes: Record<string, number | string | number[]> = {}, domain = ''): OnnxNode => ({
  name: `${op} of ${outputs}`,
  op,
  domain,
  inputs: inputs.split(' ').map((name) => (name === '_' ? '' : name)),
  outputs: outputs.split(' '),
  attributes: new Map(
    Object.entries(attributes).map(([name, value]): [string, OnnxAttributeValue] => [
      name,
      typeof value === 'number' ? { kind: 'number', value } : typeof value === 'string' ? { kind: 'string', value } : { kind: 'numbers', value },
    ]),
  ),
}); // biome-ignore format: signature
const types = { float32: 1, uint8: 2, int8: 3, int32: 6 } as const;
const tensor = (name: string, type: keyof typeof types, shape: number[], values: number[]): OnnxTensor => ({
  name,
  type: types[type],
  shape,
  ...(type === 'float32'
    ? { floats: new Uint8Array(Float32Array.from(values).buffer) }
    : { integers: values }),
}); // biome-ignore format: one expression
const modelOf = (type: keyof typeof types, shape: (number | string)[], nodes: OnnxNode[], initializers: OnnxTensor[], opset = 21): OnnxModel => ({
  producer: 'test',
  opset,
  name: 'test',
  nodes,
  initializers,
  inputs: [{ name: 'x', type: types[type], shape }],
  outputs: [{ name: 'y', type: 1, shape: undefined }],
}); // biome-ignore format: signature

async function run(
  model: OnnxModel,
  x: readonly number[],
  options?: 'weights-only' | { readonly items: 'graph' },
): Promise<number[]> {
  const { graph, weights } = importOnnx(model, options === 'weights-only' ? { quantisation: options } : options);
  const shape = graph.inputs[0]!.shape;
  const items = x.length / shape.reduce((product, size) => product * size, 1);
  const planned = planGraph(graph, weights, items);
  await using executable = await openReference().compile(planned.plan, planned.weights);
  const { y } = await executable.run({ x: { shape: [items, ...shape], data: Float32Array.from(x) } });
  return [...y!.data];
}

const scalar = (name: string, value: number) => tensor(name, 'float32', [], [value]);
const zero = (name: string, type: 'uint8' | 'int8', value = 0) => tensor(name, type, [], [value]);
const refusal = (work: () => unknown, text: string | RegExp) => expect(work).toThrow(text);

describe('quantisation of activations', () => {
  it('rounds halves to even and saturates, by the type of the zero point', async () => {
    const q = [node('QuantizeLinear', 'x s z', 'y')];
    const x = [-1000, -0.5, 0.5, 1.5, 2.5, 1000].map((v) => v * 2);
    expect(await run(modelOf('float32', ['n', 6], q, [scalar('s', 2), zero('z', 'uint8', 3)]), x)).toEqual([0, 3, 3, 5, 5, 255]);
    expect(await run(modelOf('float32', ['n', 6], q, [scalar('s', 2), zero('z', 'int8', -1)]), x)).toEqual([-128, -1, -1, 1, 1, 127]);
    expect(await run(modelOf('float32', ['n', 6], [node('QuantizeLinear', 'x s', 'y')], [scalar('s', 2)]), x)).toEqual([0, 0, 0, 2, 2, 255]);
  }); // biome-ignore format: a table

  it('runs along an axis, forth and back', async () => {
    const nodes = [node('QuantizeLinear', 'x s z', 'q', { axis: 1 }), node('DequantizeLinear', 'q s z', 'y', { axis: 1 })];
    const grids = [tensor('s', 'float32', [2], [1, 4]), tensor('z', 'uint8', [2], [0, 1])];
    expect(await run(modelOf('float32', ['n', 2, 2], nodes, grids), [-3, 1.4, -3, 7])).toEqual([0, 1, -4, 8]);
    // Nothing is rounded, but what lies outside the grid saturates.
    expect((await run(modelOf('float32', ['n', 2, 2], nodes, grids), [-3, 1.4, -3, 7], 'weights-only')).map((v) => Math.round(v * 1e5) / 1e5)).toEqual([0, 1.4, -3, 7]);
  }); // biome-ignore format: long lines

  it('takes the range of each item where it is dynamic', async () => {
    // Item 1: 0 … 5.1, scale 0.02. Item 2: −1 … 4.1, scale 0.02, zero point 50.
    const nodes = [node('DynamicQuantizeLinear', 'x', 'q s z'), node('Cast', 's', 'c', { to: 1 }), node('Mul', 'x c', 'y')];
    const y = await run(modelOf('float32', ['n', 2], nodes, []), [0, 5.1, -1, 4.1]);
    expect(y.map((v) => Math.round(v * 1e6) / 1e6)).toEqual([0, 0.102, -0.02, 0.082]);
    const q = await run(modelOf('float32', ['n', 2], [node('DynamicQuantizeLinear', 'x', 'y s z')], []), [0, 5.1, -1, 4.1]);
    expect(q).toEqual([0, 255, 0, 255]);
  });
});

describe('biases on the grid of each item, as onnxruntime quantised before it had them in float32', () => {
  // Items 0 … 255 and 0 … 510, scales 1 and 2; biases 5 and −3 over those, rounded down: 5, −3 and 2, −2.
  const nodes = [
    node('DynamicQuantizeLinear', 'x', 'q s z'),
    node('ConvInteger', 'q w z', 'i'),
    node('Div', 'b s', 'd'),
    node('Floor', 'd', 'r'),
    node('Cast', 'r', 'c', { to: 6 }),
    node('Reshape', 'c shape', 'e'),
    node('Add', 'i e', 'a'),
    node('Cast', 'a', 'f', { to: 1 }),
    node('Mul', 'f s', 'y'),
  ];
  const weights = (...shape: number[]) => [
    tensor('w', 'int8', [2, 1, 1, 1], [1, 2]),
    tensor('b', 'float32', [2], [5, -3]),
    tensor('shape', 'int32', [shape.length], shape),
  ];
  const [first, second] = [
    [5, 260, -3, 507],
    [4, 514, -4, 1016],
  ];

  it('are computed for each', async () => {
    for (const shape of [[1, -1, 1, 1], [2, 1, 1]])
      expect(await run(modelOf('float32', ['n', 1, 1, 2], nodes, weights(...shape)), [0, 255, 0, 510])).toEqual([...first!, ...second!]);
  }); // biome-ignore format: long lines

  it('also in a file that is one item', async () => {
    const model = modelOf('float32', [1, 1, 1, 2], nodes, weights(1, -1, 1, 1));
    expect(await run(model, [0, 510], { items: 'graph' })).toEqual(second);
  });

  it('are refused where they do not fit, and in ops that do not keep to each number', () => {
    refusal(() => importOnnx(modelOf('float32', ['n', 1, 1, 2], nodes, weights(1, 3, 1, 1))), '[2] cannot become [1, 3, 1, 1]');
    const summed = nodes.map((one) => (one.op === 'Floor' ? node('ReduceSum', 'd', 'r') : one));
    refusal(() => importOnnx(modelOf('float32', ['n', 1, 1, 2], summed, weights(1, -1, 1, 1))), 'a number computed for each item is only implemented in Add, Div');
  }); // biome-ignore format: long lines

  it('are no number where float32 does not hold the sum', async () => {
    const wide = [...weights(1, -1, 1, 1)].map((one) => (one.name === 'b' ? tensor('b', 'float32', [2], [2 ** 24 - 100, 0]) : one));
    expect(await run(modelOf('float32', ['n', 1, 1, 2], nodes, wide), [0, 255])).toEqual([2 ** 24 - 100, Number.NaN, 0, 510]);
  }); // biome-ignore format: long lines
});

describe('with the batch in another place', () => {
  const turn = { perm: [1, 0, 2] };
  const weight = tensor('w', 'int8', [2, 1], [1, -2]);
  // Two tokens of two numbers an item; the range of each item is 0 to 255, so its scale is 1.
  const items = [0, 255, 10, 20, 255, 1, 0, 2];
  const sums = [-510, -30, 253, -4];

  it('a dynamic range is still that of the item', async () => {
    const nodes = [
      node('Transpose', 'x', 't', turn),
      node('DynamicQuantizeLinear', 't', 'q s z'),
      node('MatMulInteger', 'q w z', 'i'),
      node('Cast', 'i', 'f', { to: 1 }),
      node('Mul', 'f s', 'm'),
      node('Transpose', 'm', 'y', turn),
    ];
    expect(await run(modelOf('float32', ['n', 2, 2], nodes, [weight]), items)).toEqual(sums);
  });

  it('grids along a dimension are turned with it', async () => {
    const nodes = [
      node('Transpose', 'x', 't', turn),
      node('QuantizeLinear', 't s z', 'q', { axis: 0 }),
      node('DequantizeLinear', 'q s z', 'd', { axis: 0 }),
      node('Transpose', 'd', 'y', turn),
    ];
    const grids = [tensor('s', 'float32', [2], [100, 1]), tensor('z', 'uint8', [2], [0, 0])];
    expect(await run(modelOf('float32', ['n', 2, 2], nodes, grids), items)).toEqual([0, 300, 10, 20, 300, 0, 0, 2]);
    const along = nodes.map((each) => (each.op === 'Transpose' ? each : { ...each, attributes: new Map() }));
    expect(() => importOnnx(modelOf('float32', ['n', 2, 2], along, grids))).toThrow('along the batch');
  });
});

describe('products of integers', () => {
  it('MatMulInteger: the example of the ONNX operator reference', async () => {
    const weight = tensor('w', 'uint8', [3, 2], [1, 4, 2, 5, 3, 6]);
    const model = modelOf(
      'uint8',
      ['n', 3],
      [node('MatMulInteger', 'x w a b', 'y')],
      [weight, zero('a', 'uint8', 12), zero('b', 'uint8')],
    );
    expect(await run(model, [11, 7, 3, 10, 6, 2, 9, 5, 1, 8, 4, 0])).toEqual([-38, -83, -44, -98, -50, -113, -56, -128]);
  });

  it('a constant on the left is a weight too, with a zero point for each row', async () => {
    // [[1, 2], [3, 4]] − [[1], [2]] = [[0, 1], [1, 2]] times [[5, 6], [7, 8]] − 4 = [[1, 2], [3, 4]].
    const weight = tensor('w', 'uint8', [2, 2], [1, 2, 3, 4]);
    const points = tensor('a', 'uint8', [2, 1], [1, 2]);
    const model = modelOf('uint8', ['n', 2, 2], [node('MatMulInteger', 'w x a b', 'y')], [weight, points, zero('b', 'uint8', 4)]);
    expect(await run(model, [5, 6, 7, 8])).toEqual([3, 4, 7, 10]);
    const vector = tensor('v', 'int8', [2], [-1, 2]);
    expect(await run(modelOf('uint8', ['n', 2, 2], [node('MatMulInteger', 'v x', 'y')], [vector]), [5, 6, 7, 8])).toEqual([9, 10]);
    refusal(() => importOnnx(modelOf('uint8', ['n', 2], [node('MatMulInteger', 'w x', 'y')], [weight])), 'the batch');
  }); // biome-ignore format: long lines

  it('several constant matrices have sums that float32 holds, and one zero point', async () => {
    const weights = tensor('w', 'int8', [2, 1, 1], [3, -1]);
    const of = (inputs: string, ...more: OnnxTensor[]) => modelOf('uint8', ['n', 2, 1, 2], [node('MatMulInteger', inputs, 'y')], [weights, ...more]);
    expect(await run(of('w x a', zero('a', 'int8', 1)), [1, 2, 3, 4])).toEqual([2, 4, -6, -8]);
    refusal(() => importOnnx(of('w x a', tensor('a', 'int8', [2, 1, 1], [1, 2]))), 'several zero points');
    const wide = tensor('w', 'int8', [2, 1, 300], new Array<number>(600).fill(1));
    refusal(() => importOnnx(modelOf('uint8', ['n', 2, 300, 1], [node('MatMulInteger', 'w x', 'y')], [wide])), '300 products');
  }); // biome-ignore format: long lines

  it('ConvInteger pads with its zero point: the example of the ONNX operator reference', async () => {
    const weight = tensor('w', 'uint8', [1, 1, 2, 2], [1, 1, 1, 1]);
    const conv = node('ConvInteger', 'x w z', 'y', { pads: [1, 1, 1, 1] });
    const model = modelOf('uint8', ['n', 1, 3, 3], [conv], [weight, zero('z', 'uint8', 1)]);
    expect(await run(model, [2, 3, 4, 5, 6, 7, 8, 9, 10])).toEqual([1, 3, 5, 3, 5, 12, 16, 9, 11, 24, 28, 15, 7, 15, 17, 9]);
  });

  it('keep 8 bits where the weights fit and take 16 where they do not', () => {
    expect(packWeight(1, 5, (_, i) => [-128, 127, 1, 2, 3][i]!)).toMatchObject({ bits: 8, shape: [1, 2], reach: 261 });
    expect(packWeight(2, 3, () => 200)).toMatchObject({ bits: 16, shape: [2, 2] });
  });

  it('count as multiply-adds', () => {
    const weight = tensor('w', 'uint8', [4, 1, 2, 2], new Array<number>(16).fill(1));
    const conv = node('ConvInteger', 'x w', 'y', { group: 2 });
    const { graph, weights } = importOnnx(modelOf('uint8', ['n', 2, 3, 3], [conv], [weight]));
    // 4 outputs of 2x2 pixels, each of 2x2 taps of one channel.
    expect(costOf(planGraph(graph, weights, 1).plan).flopsPerItem).toBe(2 * 16 * 4);
  });

  it('are refused as results where float32 may not hold them, and are rounded as a cast rounds them', async () => {
    const weight = tensor('w', 'int8', [700, 1], new Array<number>(700).fill(127));
    const sums = node('MatMulInteger', 'x w', 'y');
    refusal(() => importOnnx(modelOf('uint8', ['n', 700], [sums], [weight])), 'int32 numbers as a result');
    const cast = [node('MatMulInteger', 'x w', 's'), node('Cast', 's', 'y', { to: 1 })];
    expect(await run(modelOf('uint8', ['n', 700], cast, [weight]), new Array<number>(700).fill(255))).toEqual([22_669_500]);
  });
});

describe('ops of onnxruntime, by hand', () => {
  const of = (op: string, inputs: string, attributes: Record<string, number> = {}) =>
    node(op, inputs, 'y', attributes, 'com.microsoft');
  const weight = tensor('w', 'int8', [2, 1], [1, -2]);

  it('DynamicQuantizeMatMul: range 0 to 255, so scale 1; (0 − 2 · 255) · 0.5 + 1', async () => {
    const constants = [weight, scalar('s', 0.5), tensor('b', 'float32', [1], [1])];
    expect(await run(modelOf('float32', ['n', 2], [of('DynamicQuantizeMatMul', 'x w s _ b')], constants), [0, 255])).toEqual([-254]);
    expect(await run(modelOf('float32', ['n', 2], [of('DynamicQuantizeMatMul', 'x w s')], constants), [0, 255])).toEqual([-255]);
  });

  it('MatMulIntegerToFloat: ((3 − 1) · 1 + (4 − 1) · −2) · 2 · 0.25 + 10', async () => {
    const constants = [weight, scalar('a', 2), scalar('s', 0.25), zero('z', 'uint8', 1), tensor('b', 'float32', [1], [10])];
    expect(await run(modelOf('uint8', ['n', 2], [of('MatMulIntegerToFloat', 'x w a s z _ b')], constants), [3, 4])).toEqual([8]);
  });

  it('QLinearConcat: (5 − 1) · 2 / 4 + 3 beside 5 · 1 / 4 + 3, halves to even', async () => {
    const constants = [scalar('p', 2), zero('q', 'uint8', 1), scalar('r', 1), zero('t', 'uint8'), scalar('s', 4), zero('z', 'uint8', 3)];
    const concat = of('QLinearConcat', 's z x p q x r t', { axis: 1 });
    expect(await run(modelOf('uint8', ['n', 2], [concat], constants), [5, 6])).toEqual([5, 5, 4, 5]);
  });
}); // biome-ignore format: long lines

it('floats become narrow integers toward 0, and no number where there is none for them', async () => {
  const cast = [node('Cast', 'x', 'q', { to: 2 }), node('Cast', 'q', 'y', { to: 1 })];
  expect(await run(modelOf('float32', ['n', 6], cast, []), [0, 1.9, 255.5, 256, -0.5, -1])).toEqual([
    0,
    1,
    255,
    Number.NaN,
    -0,
    Number.NaN,
  ]);
  const signed = [node('Cast', 'x', 'q', { to: 3 }), node('Cast', 'q', 'y', { to: 1 })];
  expect(await run(modelOf('float32', ['n', 4], signed, []), [-128.5, 127.5, 128, -129])).toEqual([
    -128,
    127,
    Number.NaN,
    Number.NaN,
  ]);
});

describe('what is refused', () => {
  const quantized = node('QuantizeLinear', 'x s z', 'q');
  const grid = [scalar('s', 1), zero('z', 'int8')];
  it.each([
    ['arithmetic on int8', [quantized, node('Add', 'q q', 'y')], 'arithmetic on int8'],
    ['a cubic mean of int8', [quantized, node('Resize', 'q _ two', 'y', { mode: 'cubic' })], 'arithmetic on int8'],
    ['a cast to another integer', [quantized, node('Cast', 'q', 'y', { to: 2 })], 'element type uint8 (2)'],
    ['blocks of an activation', [node('QuantizeLinear', 'x s z', 'y', { block_size: 2 })], 'block_size'],
    ['floats where integers are due', [node('DequantizeLinear', 'x s z', 'y')], 'holds no integers'],
    ['a float as operand', [node('MatMulInteger', 'x w', 'y')], 'must hold int8 or uint8'],
    ['other domains', [node('QLinearAdd', 'x', 'y', {}, 'org.example')], 'implemented'],
    ['what only import writes', [node('IntegerGemm', 'x w', 'y')], 'not implemented'],
  ] as const)('%s', (_, nodes, text) => {
    const weight = tensor('w', 'int8', [4, 1], [1, 2, 3, 4]);
    refusal(
      () => importOnnx(modelOf('float32', ['n', 4], [...nodes], [...grid, weight, tensor('two', 'float32', [2], [1, 2])])),
      text,
    );
  });

  it('scales that are no numbers above 0', () => {
    for (const value of [0, -1, Number.NaN, Infinity])
      refusal(() => importOnnx(modelOf('float32', ['n', 4], [node('QuantizeLinear', 'x s z', 'y')], [scalar('s', value), zero('z', 'int8')])), 'not a positive number'); // biome-ignore format: long line
  });
});

it('blocks of constants have a scale each', () => {
  const nodes = [node('DequantizeLinear', 'w s z', 'y', { axis: 1, block_size: 2 })];
  const grids = [tensor('s', 'float32', [1, 2], [2, 3]), tensor('z', 'int8', [1, 2], [1, 0])];
  const model = { ...modelOf('float32', [], nodes, [tensor('w', 'int8', [1, 3], [5, 6, 7]), ...grids]), inputs: [] };
  expect([...foldOnnx(model)[0]!.data]).toEqual([8, 10, 21]);
});
