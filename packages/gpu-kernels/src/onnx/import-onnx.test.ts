import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { planGraph } from '../graph/planner.ts';
import { bfloat16, decodeTensor, float16 } from './constant.ts';
import { resolveExternalData } from './external-data.ts';
import { goldenBytes } from './golden-networks.ts';
import { importOnnx } from './import-onnx.ts';
import type { OnnxModel } from './onnx-model.ts';
import { planOnnx } from './plan-onnx.ts';
import { readMessage } from './read/protobuf.ts';
import { readOnnxModel } from './read/read-onnx-model.ts';
import { integers, modelOf, node, run } from './test-models.ts';

const refusal = (code: string, message: string) =>
  expect.objectContaining({ code, message: expect.stringContaining(message) });

describe('the arithmetic of exporters', () => {
  it('computes a Reshape target from the shape of a value whose batch is open', async () => {
    const nodes = [
      node('Shape', 'x', 's'),
      node('Gather', 's zero', 'b', { axis: 0 }),
      node('Concat', 'b rest', 'target', { axis: 0 }),
      node('Reshape', 'x target', 'r'),
      node('Softmax', 'r', 'y', { axis: 1 }),
    ];
    const model = modelOf(['batch', 2, 1], nodes, [integers('zero', 0), integers('rest', -1)]);
    expect(await run(model, [0, 0, 5, 5, 1, 1])).toEqual([0.5, 0.5, 0.5, 0.5, 0.5, 0.5]);
  });

  it('runs a file that was exported for two items with any number of them', async () => {
    const model = modelOf([2, 2, 2], [node('Reshape', 'x to', 'r'), node('Neg', 'r', 'y')], [integers('to', 2, 4)]);
    expect(await run(model, [1, 2, 3, 4])).toEqual([-1, -2, -3, -4]);
  });

  it('refuses to calculate with the number of items', () => {
    const nodes = [node('Shape', 'x', 's'), node('Mul', 's s', 'm'), node('Reshape', 'x m', 'y')];
    expect(() => importOnnx(modelOf(['batch', 2], nodes))).toThrow(
      refusal('OP_UNSUPPORTED', 'number of items of the batch'),
    );
  });

  it('drops Dropout and Identity, also where they end the graph', async () => {
    const nodes = [node('Identity', 'x', 'a'), node('Dropout', 'a', 'b'), node('Neg', 'b', 'c'), node('Identity', 'c', 'y')];
    const { graph } = importOnnx(modelOf(['n', 2], nodes));
    expect(graph.nodes.map(({ op }) => op)).toEqual(['Neg', 'Identity']);
    expect(await run(modelOf(['n', 2], nodes), [1, 2])).toEqual([-1, -2]);
  });

  it('refuses an image whose numbers the type of its input cannot hold', () => {
    const of = (type: number): OnnxModel => {
      const model = modelOf(['n', 3, 2, 2], [node('Cast', 'x', 'y', { to: 1 })]);
      return { ...model, inputs: [{ ...model.inputs[0]!, type }] };
    };
    const normalise = (scale: number, mean: number) =>
      ({ step: 'normalise', scale, mean: [mean, mean, mean], deviation: [1, 1, 1] }) as const;
    const load = (type: number, scale: number, mean: number) => () =>
      importOnnx(of(type), { recipe: [{ step: 'centre-crop', width: 2, height: 2 }, normalise(scale, mean)] });
    expect(load(2, 1 / 255, 0)).toThrow(refusal('GRAPH_INVALID', 'the file takes uint8, the recipe gives fractions'));
    expect(load(3, 1, 0)).toThrow(refusal('GRAPH_INVALID', 'the file takes int8, the recipe gives numbers from 0 to 255'));
    expect(load(2, 1, 128)).toThrow(refusal('GRAPH_INVALID', 'numbers from -128 to 127'));
    for (const [type, mean] of [[2, 0], [3, 128], [7, 100]] as const) // biome-ignore format: pairs
      expect(load(type, 1, mean)().graph.inputs[0]!.whole).toBe(true);
    expect(load(1, 1 / 255, 0)().graph.inputs[0]!.whole).toBeUndefined();
  });

  it('takes open dimensions from the caller or from a recipe, and refuses them otherwise', () => {
    const model = modelOf(['n', 3, 'height', 'width'], [node('Relu', 'x', 'y')]);
    expect(() => importOnnx(model)).toThrow(
      refusal('GRAPH_INVALID', 'leaves dimension 2 open ("height"). Give numbers for the names: `--shape x=3,HEIGHT,WIDTH`'),
    );
    const unranked = { ...model, inputs: [{ name: 'x', type: 1, shape: undefined }] };
    expect(() => importOnnx(unranked)).toThrow(
      refusal('GRAPH_INVALID', 'nothing of its shape. Give numbers for the names: `--shape x=SIZE,…`'),
    );
    expect(importOnnx(model, { shapes: { x: [3, 4, 5] } }).graph.inputs[0]!.shape).toEqual([3, 4, 5]);
    const recipe = [{ step: 'resize', filter: 'pillow-bilinear', width: 8, height: 6 }] as const;
    expect(importOnnx(model, { recipe }).graph.inputs[0]).toEqual({ name: 'x', shape: [3, 6, 8], recipe });
    expect(() => importOnnx(model, { shapes: { x: [4, 4, 5] } })).toThrow(refusal('GRAPH_INVALID', 'contradicts'));
    expect(() => importOnnx(model, { recipe: { z: recipe } })).toThrow(refusal('GRAPH_INVALID', 'input "z"'));
    expect(() => importOnnx(model, { shapes: { z: [3] } })).toThrow(refusal('GRAPH_INVALID', 'input "z"'));
  });
});

describe('refusals', () => {
  it('name op, node and opset of what is not implemented', () => {
    const model = modelOf(['n', 2], [node('LSTM', 'x', 'y')]);
    expect(() => importOnnx(model)).toThrow(
      expect.objectContaining({
        code: 'OP_UNSUPPORTED',
        details: expect.objectContaining({ node: 'LSTM of y', op: 'LSTM', opset: 17 }),
      }),
    );
    expect(() => importOnnx(modelOf(['n', 2], [node('Relu', 'x', 'y', {}, 'com.vendor')]))).toThrow(
      refusal('OP_UNSUPPORTED', 'domain "com.vendor"'),
    );
    const behind = [node('Transpose', 'x', 't', { perm: [1, 0] }), node('Unheard', 't', 'y', {}, 'com.microsoft')];
    expect(() => importOnnx(modelOf(['n', 2], behind))).toThrow(refusal('OP_UNSUPPORTED', 'domain "com.microsoft"'));
    expect(() => importOnnx(modelOf([3, 2], behind), { items: 'graph' })).toThrow(
      refusal('OP_UNSUPPORTED', 'domain "com.microsoft"'),
    );
    expect(() => importOnnx(modelOf(['n', 2], [node('Relu', 'x', 'y')], [], 6))).toThrow(
      refusal('OP_UNSUPPORTED', 'opset 6'),
    );
  });

  it('name strings that scores are computed from, not those that only labels need', async () => {
    const names = { name: 'names', type: 8, shape: [2], integers: [] };
    const nodes = [node('ArgMax', 'x', 'best', { axis: 1 }), node('Gather', 'names best', 'label'), node('Neg', 'x', 'y')];
    const model = modelOf(['n', 2], nodes, [names]);
    const labelled = { ...model, outputs: [{ name: 'label', type: 8, shape: undefined }, ...model.outputs] };
    expect(await run(labelled, [1, 2])).toEqual([-1, -2]);
    const read = modelOf(['n', 2], [node('ArgMax', 'x', 'best', { axis: 1 }), node('Gather', 'names best', 'y')], [names]);
    expect(() => importOnnx(read)).toThrow(refusal('OP_UNSUPPORTED', 'string (8)'));
  });

  it('name a cycle, an unknown value and a value defined twice', () => {
    const cycle = [node('Add', 'x b', 'a'), node('Relu', 'a', 'b'), node('Neg', 'b', 'y')];
    expect(() => importOnnx(modelOf(['n', 2], cycle))).toThrow(refusal('GRAPH_INVALID', 'cycle'));
    expect(() => importOnnx(modelOf(['n', 2], [node('Relu', 'nowhere', 'y')]))).toThrow(
      refusal('GRAPH_INVALID', '"nowhere"'),
    );
    const twice = [node('Relu', 'x', 'y'), node('Neg', 'x', 'y')];
    expect(() => importOnnx(modelOf(['n', 2], twice))).toThrow(refusal('GRAPH_INVALID', 'produced twice'));
  });

  it('come before memory is taken for absurd shapes', () => {
    const huge = modelOf(['n', 2 ** 20, 2 ** 20], [node('Relu', 'x', 'y')]);
    const plan = (model: OnnxModel, batch = 1): unknown => {
      const { graph, weights } = importOnnx(model);
      return planGraph(graph, weights, batch);
    };
    expect(() => plan(huge)).toThrow(refusal('GRAPH_INVALID', 'without batch'));
    expect(() => plan(modelOf(['n', 2 ** 20], [node('Relu', 'x', 'y')]), 2 ** 12)).toThrow(
      refusal('GRAPH_INVALID', 'smaller batch'),
    );
    const fill = modelOf(['n', 2], [node('ConstantOfShape', 'size', 'c'), node('Add', 'x c', 'y')], [integers('size', 2 ** 40, 2 ** 40)]); // biome-ignore format: one network
    expect(() => importOnnx(fill)).toThrow(refusal('GRAPH_INVALID', 'at most'));
    const tensor = { name: 'w', type: 1, shape: [2 ** 30, 2 ** 30], raw: new Uint8Array(8) };
    expect(() => decodeTensor(tensor, 'Tensor "w"')).toThrow(refusal('GRAPH_INVALID', 'got 8'));
  });
});

describe('external data', () => {
  const external = (location: string, offset = 0, length?: number): OnnxModel =>
    modelOf(
      ['n', 2],
      [node('Add', 'x w', 'y')],
      [{ name: 'w', type: 1, shape: [2], external: { location, offset, length } }],
    );
  const bytes = new Uint8Array(Float32Array.of(1, 2, 3).buffer);
  const resolve = (model: OnnxModel) => resolveExternalData(model, async () => bytes);

  it('is read from its place in the file', async () => {
    expect(await run(await resolve(external('folder/./w.bin', 4, 8)), [10, 20])).toEqual([12, 23]);
  });

  it.each(['../w.bin', '/etc/passwd', 'a/../../w', 'C:\\w', 'c:w', '', 'a//b', 'w\u0000'])(
    'never leaves the folder: %j',
    async (location) => {
      await expect(resolve(external(location))).rejects.toThrow(refusal('GRAPH_INVALID', 'inside the folder'));
    },
  );

  it('has the name that the caller gives it, since exporters give one to all graphs', async () => {
    const options = { batch: 1, shapes: {} };
    const { planned } = await planOnnx(goldenBytes('residual-fixed'), { ...options, name: 'weights/npr.onnx' });
    expect(planned.plan.name).toBe('weights/npr.onnx');
  });

  it('must lie within its file and fit its shape', async () => {
    await expect(resolve(external('w', 4, 12))).rejects.toThrow(refusal('GRAPH_INVALID', 'has 12 bytes'));
    await expect(resolve(external('w', 16))).rejects.toThrow(refusal('GRAPH_INVALID', 'has 12 bytes'));
    const short = await resolve(external('w', 0, 4));
    expect(() => importOnnx(short)).toThrow(refusal('GRAPH_INVALID', 'takes 8 bytes, got 4'));
    await expect(planOnnx(goldenBytes('residual-external'), { batch: 1 })).rejects.toThrow(
      refusal('GRAPH_INVALID', 'readExternal'),
    );
  });
});

describe('the reader', () => {
  const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

  it.each([
    ['a length beyond the end', '3a 7f 00'],
    ['a length of 2^63', '3a ff ff ff ff ff ff ff ff 7f'],
    ['a number without end', '08 ff ff ff'],
    ['a number of eleven bytes', '08 ff ff ff ff ff ff ff ff ff ff 01'],
    ['a group', '3b'],
    ['field number 0', '00 00'],
    ['nothing', ''],
    ['a graph without opset', '3a 00'],
  ])('refuses %s', (_, bytes) => {
    expect(() => readOnnxModel(hex(bytes))).toThrow(expect.objectContaining({ code: 'GRAPH_INVALID' }));
  });

  it('refuses other files', () => {
    expect(() => readOnnxModel(readFileSync(new URL(import.meta.url)))).toThrow(
      expect.objectContaining({ code: 'GRAPH_INVALID' }),
    );
  });

  it('reads negative and large integers', () => {
    const seen: number[] = [];
    const read = (text: string): void => readMessage(hex(text), 'test', ({ integer }) => seen.push(integer));
    read('08 96 01 08 ff ff ff ff ff ff ff ff ff 01 08 ff ff ff ff ff ff ff ff 7f 08 80 80 80 80 80 80 80 01');
    expect(seen).toEqual([150, -1, 2 ** 63, 2 ** 49]);
  });

  it('reads float16 and bfloat16 with subnormals, infinities and signs', () => {
    expect([0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00, 0xfc00, 0x8000].map(float16)).toEqual([1, -2, 2 ** -24, 65_504, Infinity, -Infinity, -0]); // biome-ignore format: a table
    expect(float16(0x7e00)).toBeNaN();
    expect([0x3f80, 0xc000, 0x7f80].map(bfloat16)).toEqual([1, -2, Infinity]);
  });
});
