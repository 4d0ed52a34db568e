/** Weights stay in the file until a backend reads them; every backend computes the same from the file as from its bytes. */
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BackendName, isDiptychError, type Model } from '@diptych/plugin-kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openedRuntime } from '../testing/opened-backend.ts';
import { openOnnxFile } from './open-onnx-file.ts';
import { planOnnx } from './plan-onnx.ts';
import { readSparse } from './sparse-file.ts';
import { attribute, field, graph, model, modelOf, tensor } from './write-onnx.ts';

const numbers = (length: number, by: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => ((i * by) % 97) / 97 - 0.5);
const weight = (name: string, shape: number[], by: number): Uint8Array =>
  tensor(name, 1, shape, new Uint8Array(numbers(shape.reduce((product, size) => product * size, 1), by).buffer)); // biome-ignore format: one call

/** Large weights in every order: OIHW of a Winograd and of a strided convolution, `[k, n]`, a table that is added. */
const network = modelOf(
  [
    { op: 'Conv', inputs: ['x', 'oihw'], outputs: ['a'], attributes: [attribute('pads', [1, 1, 1, 1])] },
    { op: 'Conv', inputs: ['a', 'strided', 'bias'], outputs: ['b'], attributes: [attribute('strides', [2, 2])] },
    { op: 'GlobalAveragePool', inputs: ['b'], outputs: ['c'] },
    { op: 'Flatten', inputs: ['c'], outputs: ['d'] },
    { op: 'MatMul', inputs: ['d', 'kn'], outputs: ['e'] },
    { op: 'Add', inputs: ['e', 'table'], outputs: ['y'] },
  ],
  [48, 16, 16],
  [],
  [
    weight('table', [1, 20_000], 13), // first, since planning reads it: it becomes a bias
    weight('oihw', [48, 48, 3, 3], 31),
    weight('strided', [96, 48, 3, 3], 53),
    weight('bias', [96], 71),
    weight('kn', [96, 20_000], 29),
  ],
);
const x = { shape: [2, 48, 16, 16], data: numbers(2 * 48 * 256, 41) };
const scores = async (loaded: Model): Promise<Float32Array> => (await loaded.run({ x }))['y']!.data;

let folder: string;
const written = (bytes: Uint8Array, name = 'model.onnx'): string => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
};
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'diptych-sparse-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe.each(['reference', 'native', 'webgpu'] as const)('a file on %s', async (backend: BackendName) => {
  const runtime = await openedRuntime(backend);
  if (runtime === undefined) return;

  it('gives the scores of its bytes, which may be written to once it is loaded', async () => {
    const bytes = Uint8Array.from(network);
    await using whole = await runtime.loadOnnx(bytes, { batch: 2 });
    bytes.fill(0);
    const { bytes: sparse, readExternal } = await openOnnxFile(written(network));
    expect(sparse.length).toBeLessThan(2000);
    await using loaded = await runtime.loadOnnx(sparse, { batch: 2, readExternal });
    const expected = await scores(whole);
    expect(expected.some((value) => value !== 0) && expected.every(Number.isFinite)).toBe(true);
    expect(Buffer.from((await scores(loaded)).buffer).equals(Buffer.from(expected.buffer))).toBe(true);
  });

  it('is refused where it is cut off before its weights are read', async () => {
    const path = written(network, 'cut.onnx');
    const { bytes, readExternal } = await openOnnxFile(path);
    const plain = async (name: string) => {
      const file = await readExternal(name);
      truncateSync(path, 100_000);
      return file;
    };
    const error: unknown = await runtime.loadOnnx(bytes, { batch: 2, readExternal: plain }).catch((e: unknown) => e);
    expect(isDiptychError(error) ? error.code : error).toBe('GRAPH_INVALID');
  });
});

it('is planned without the weights of products being read', async () => {
  const path = written(network, 'planned.onnx');
  const { bytes, readExternal } = await openOnnxFile(path);
  const file = await readExternal('planned.onnx');
  truncateSync(path, 100_000);
  const { planned } = await planOnnx(bytes, { batch: 2, readExternal: async () => file });
  expect(planned.plan.weights).toHaveLength(5);
});

describe('the bytes of a file without its weights', () => {
  const large = new Uint8Array(65_536);
  const withTensor = (bytes: Uint8Array): Uint8Array => model(graph({ nodes: [], tensors: [bytes] }));

  it.each([
    ['data that is given twice', Buffer.concat([tensor('w', 1, [16_384], large), field(9, large)])],
    ['data that is said to lie in another file', Buffer.concat([tensor('w', 1, [16_384], large), field(14, 1)])],
    [
      'a tensor of many fields',
      Buffer.concat([
        tensor(
          'w',
          1,
          Array.from({ length: 300 }, () => 1),
          large,
        ),
      ]),
    ],
    ['small data', tensor('w', 1, [100], large.subarray(0, 400))],
  ])('keep %s', (_, bytes) => {
    const whole = withTensor(bytes);
    expect(readSparse(written(whole), whole.length, 'model.onnx')).toEqual(Buffer.from(whole));
  });

  it.each([
    ['a length beyond the end', Buffer.concat([network.subarray(0, 400_000)])],
    ['no message', Buffer.alloc(3000, 0xff)],
    ['a group', Buffer.from([0x0b, 0x0c])],
  ])('are not made where the file has %s', (_, whole) => {
    expect(readSparse(written(whole), whole.length, 'model.onnx')).toBeUndefined();
  });

  it('are the whole file where its name cannot be referred to', async () => {
    const { bytes } = await openOnnxFile(written(network, 'a:b.onnx'));
    expect(Buffer.from(network).equals(bytes)).toBe(true);
  });
});
