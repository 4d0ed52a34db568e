/** Files made to do harm: each ends quickly in an error of the table, and none reads outside its folder. */
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDiptychError } from '@diptych/plugin-kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openOnnxFile } from './open-onnx-file.ts';
import { planOnnx } from './plan-onnx.ts';
import { attribute, body, external, field, graph, model, modelOf, node, tensor, value } from './write-onnx.ts';

const codes = ['GRAPH_INVALID', 'OP_UNSUPPORTED'];
const zeros = (bytes: number): Uint8Array => new Uint8Array(bytes);
const integers = (numbers: readonly number[]): Uint8Array => new Uint8Array(BigInt64Array.from(numbers.map(BigInt)).buffer);
const many = (name: string, numbers: readonly number[]) => tensor(name, 7, [numbers.length], integers(numbers));
const list = (name: string, ...numbers: number[]) => many(name, numbers);
const relu = { op: 'Relu', inputs: ['x'], outputs: ['y'] };

/** The error, within seconds of CPU of this thread: a busy machine takes as many, a hang does not end. */
async function refused(bytes: Uint8Array, shapes?: Record<string, number[]>): Promise<string> {
  const started = process.threadCpuUsage();
  const error: unknown = await planOnnx(bytes, { batch: 1, ...(shapes && { shapes }) }).then(
    () => 'it was planned',
    (reason: unknown) => reason,
  );
  expect(isDiptychError(error) ? error.code : error, String(error)).toSatisfy((code: string) => codes.includes(code));
  const { user, system } = process.threadCpuUsage(started);
  expect((user + system) / 1e6).toBeLessThan(10);
  return (error as Error).message;
}

/** Ten calls in each of `levels` functions. */
function laughs(levels: number): Uint8Array[] {
  const calls = (op: string, domain: string): Uint8Array[] =>
    Array.from({ length: 10 }, (_, i) => node({ op, domain, inputs: [i === 0 ? 'a' : `t${i - 1}`], outputs: [i === 9 ? 'b' : `t${i}`] })); // biome-ignore format: one list
  return Array.from(
    { length: levels },
    (_, level) =>
    body({ name: `f${level}`, inputs: ['a'], outputs: ['b'], nodes: level === 0 ? calls('Relu', '') : calls(`f${level - 1}`, 'test') }), // biome-ignore format: one function
  );
}

const nested = (depth: number): Uint8Array => {
  let inner = node(relu);
  for (let level = 0; level < depth; level++)
    inner = node({ op: 'If', inputs: ['c'], outputs: ['y'], attributes: [attribute('then_branch', graph({ nodes: [inner], outputs: [value('y', [])] }), true)] }); // biome-ignore format: one node
  return model(graph({ nodes: [inner], outputs: [value('y', [])] }));
};

describe('files that would take all time or memory', () => {
  it('functions that double, and double again', async () => {
    expect(await refused(modelOf([{ op: 'f7', domain: 'test', inputs: ['x'], outputs: ['y'] }], [2], laughs(8)))).toMatch(/200000 nodes/); // biome-ignore format: one call
  });

  it('functions with long names, called often', async () => {
    const long = 'n'.repeat(60_000);
    const wide = body({ name: 'wide', inputs: ['a'], outputs: ['b'], nodes: [node({ op: 'Relu', inputs: ['a'], outputs: [long] }), node({ op: 'Relu', inputs: [long], outputs: ['b'] })] }); // biome-ignore format: one function
    const nodes = Array.from({ length: 2_000 }, (_, i) => ({ op: 'wide', domain: 'test', inputs: [i === 0 ? 'x' : `t${i - 1}`], outputs: [i === 1_999 ? 'y' : `t${i}`] })); // biome-ignore format: one list
    expect(await refused(modelOf(nodes, [2], [wide]))).toMatch(/characters of names/);
  });

  it('functions that call each other in a ring, or a hundred deep', async () => {
    const ring = ['p', 'q', 'r'].map((name, i) => body({ name, inputs: ['a'], outputs: ['b'], nodes: [node({ op: 'qrp'[i]!, domain: 'test', inputs: ['a'], outputs: ['b'] })] })); // biome-ignore format: one list
    expect(await refused(modelOf([{ op: 'p', domain: 'test', inputs: ['x'], outputs: ['y'] }], [2], ring))).toMatch('calls itself'); // biome-ignore format: one call
    const chain = Array.from({ length: 100 }, (_, i) => body({ name: `g${i}`, inputs: ['a'], outputs: ['b'], nodes: [node({ op: i === 0 ? 'Relu' : `g${i - 1}`, domain: i === 0 ? '' : 'test', inputs: ['a'], outputs: ['b'] })] })); // biome-ignore format: one list
    expect(await refused(modelOf([{ op: 'g99', domain: 'test', inputs: ['x'], outputs: ['y'] }], [2], chain))).toMatch('64 deep'); // biome-ignore format: one call
  });

  it('branches within branches', async () => {
    expect(await refused(nested(40))).toMatch('16 deep');
    await refused(nested(10));
  });

  it('constants that are computed to be huge, one or many', async () => {
    const huge = { op: 'ConstantOfShape', inputs: ['s'], outputs: ['c'] };
    const add = { op: 'Add', inputs: ['x', 'c'], outputs: ['y'] };
    expect(await refused(modelOf([huge, add], [2], [], [list('s', 100_000, 100_000)]))).toMatch('at most');
    expect(await refused(modelOf([huge, add], [2], [], [list('s', 2 ** 40, 2 ** 40, 2 ** 40)]))).toMatch('at most');
    const fills = Array.from({ length: 40 }, (_, i) => ({ op: 'ConstantOfShape', inputs: ['s'], outputs: [`c${i}`] }));
    const sum = { op: 'Concat', inputs: fills.map(({ outputs }) => outputs[0]!), outputs: ['c'], attributes: [attribute('axis', 0)] }; // biome-ignore format: one node
    expect(await refused(modelOf([...fills, sum, add], [2], [], [list('s', 2 ** 25)]))).toMatch('together');
  }, 30_000);

  it('lists and shapes of a million entries', async () => {
    const ones = new Array<number>(200_000).fill(1);
    const up = ones.map((_, i) => i + 1);
    await refused(modelOf([{ op: 'Reshape', inputs: ['x', 's'], outputs: ['y'] }], [1], [], [many('s', ones)]));
    await refused(modelOf([{ op: 'Unsqueeze', inputs: ['x', 's'], outputs: ['y'] }], [1], [], [many('s', up)])); // biome-ignore format: one model
    await refused(modelOf([{ op: 'Unsqueeze', inputs: ['w', 's'], outputs: ['c'] }, { op: 'Add', inputs: ['x', 'c'], outputs: ['y'] }], [1], [], [tensor('w', 1, [1], zeros(4)), many('s', up)])); // biome-ignore format: one model
    await refused(modelOf([{ ...relu, attributes: [attribute('perm', ones)] }]));
    await refused(modelOf([{ op: 'Expand', inputs: ['w', 's'], outputs: ['c'] }, { op: 'Add', inputs: ['x', 'c'], outputs: ['y'] }], [1], [], [tensor('w', 1, [1], zeros(4)), many('s', ones)])); // biome-ignore format: one model
    const floats = Buffer.concat([field(1, 'alpha'), field(7, zeros(2_000_000)), field(20, 6)]);
    await refused(modelOf([{ ...relu, attributes: [floats] }]));
  }, 30_000);

  it('twenty thousand nodes in a row are no harm', async () => {
    const count = 20_000;
    const chain = Array.from({ length: count }, (_, i) => ({ op: 'Identity', inputs: [i === 0 ? 'x' : `t${i - 1}`], outputs: [i === count - 1 ? 'y' : `t${i}`] })); // biome-ignore format: one list
    await expect(planOnnx(modelOf(chain), { batch: 1 })).resolves.toBeDefined();
  }, 30_000);
});

describe('shapes that cannot be', () => {
  it.each([
    ['zero', [0]],
    ['negative', [-1]],
    ['whose product overflows', [2 ** 30, 2 ** 30, 2 ** 30]],
    ['beyond 2^53', [2 ** 62]],
  ])('an input with a size %s', async (_, item) => {
    await refused(modelOf([relu], item));
  });

  it.each([
    ['negative', [-4]],
    ['beyond its data', [2 ** 31, 2 ** 31]],
    ['with more dimensions than 64', new Array<number>(100).fill(1)],
  ])('a tensor with a shape %s', async (_, shape) => {
    await refused(modelOf([{ op: 'Add', inputs: ['x', 'w'], outputs: ['y'] }], [4], [], [tensor('w', 1, shape, zeros(16))]));
  }); // biome-ignore format: one call

  it('a product of activations beyond what backends count', async () => {
    const tile = { op: 'Expand', inputs: ['x', 's'], outputs: ['y'] };
    await refused(modelOf([tile], [1], [], [list('s', 1, 2 ** 40)]));
    await refused(modelOf([{ op: 'Pad', inputs: ['x', 's'], outputs: ['y'] }], [1, 1, 1], [], [list('s', 0, 0, 2 ** 50, 0, 0, 0, 2 ** 50, 0)])); // biome-ignore format: one call
  });

  it('a resized image beyond all memory', async () => {
    const resize = { op: 'Resize', inputs: ['x', '', '', 's'], outputs: ['y'] };
    await refused(modelOf([resize], [1, 4, 4], [], [list('s', 1, 1, 2 ** 40, 4)]));
    await refused(modelOf([resize], [1, 4, 4], [], [list('s', 1, 1, -4, 4)]));
  });

  it('windows that step by nothing, or further than numbers go', async () => {
    const pool = (...attributes: Uint8Array[]) =>
      modelOf([{ op: 'MaxPool', inputs: ['x'], outputs: ['y'], attributes: [attribute('kernel_shape', [2, 2]), ...attributes] }], [1, 4, 4]); // biome-ignore format: one model
    await refused(pool(attribute('strides', [0, 1])));
    await refused(pool(attribute('pads', [2 ** 53, 0, 0, 0])));
    await refused(pool(attribute('dilations', [2 ** 60, 1])));
  });
});

describe('indices that cannot be', () => {
  const f32 = (name: string, shape: readonly number[], ...data: number[]) => tensor(name, 1, shape, new Uint8Array(Float32Array.from(data).buffer)); // biome-ignore format: one line
  const i64 = (name: string, shape: readonly number[], ...data: number[]) => tensor(name, 7, shape, integers(data));
  const far = [4, -5, 2 ** 31, -(2 ** 31), 2 ** 52, -(2 ** 52)];

  it.each(far)('constant index %d of four', async (index) => {
    const of = (op: string, more: readonly string[], at: Uint8Array, attributes: Uint8Array[] = [], shape = [4]) => refused(modelOf([{ op, inputs: ['x', 'i', ...more], outputs: ['y'], attributes }], shape, [], [at, f32('u', [1, 1], 1)])); // biome-ignore format: one call
    await of('Gather', [], i64('i', [1], index), [attribute('axis', 1)]);
    await of('GatherElements', [], i64('i', [1, 1], index), [attribute('axis', 1)]);
    await of('GatherND', [], i64('i', [1, 1], index), [attribute('batch_dims', 1)]);
    await of('ScatterElements', ['u'], i64('i', [1, 1], index), [attribute('axis', 1)]);
    await of('ScatterND', ['u'], i64('i', [1, 1], index));
  });

  it('constant indices into constants', async () => {
    const add = { op: 'Add', inputs: ['x', 'c'], outputs: ['y'] };
    const fold = (op: string, indices: Uint8Array, ...attributes: Uint8Array[]) => refused(modelOf([{ op, inputs: op.startsWith('Gather') ? ['t', 'i'] : ['t', 'i', 'u'], outputs: ['c'], attributes }, add], [2], [], [f32('t', [2, 2], 1, 2, 3, 4), f32('u', [1, 2], 5, 6), indices])); // biome-ignore format: one call
    for (const index of [2, -3, 2 ** 40]) {
      await fold('GatherND', i64('i', [1, 1], index));
      await fold('GatherElements', i64('i', [1, 2], index, 0));
      await fold('ScatterND', i64('i', [1, 1], index));
      await fold('ScatterElements', i64('i', [1, 2], index, 0));
    }
    await fold('GatherND', i64('i', [1, 3], 0, 0, 0));
    await fold('GatherND', i64('i', [1, 0]));
    await fold('GatherND', i64('i', [1, 1], 0), attribute('batch_dims', 2 ** 40));
    await fold('GatherND', i64('i', [1, 1], 0), attribute('batch_dims', -1));
  });

  it('updates and tuples whose shapes lie', async () => {
    const scatter = (op: string, at: readonly number[], update: readonly number[], ...attributes: Uint8Array[]) => {
      const size = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);
      return refused(modelOf([{ op, inputs: ['x', 'i', 'u'], outputs: ['y'], attributes }], [3, 3], [], [i64('i', at, ...new Array<number>(size(at)).fill(0)), f32('u', update, ...new Array<number>(size(update)).fill(1))])); // biome-ignore format: one call
    };
    await scatter('ScatterElements', [1, 2, 3], [1, 3, 3], attribute('axis', 1));
    await scatter('ScatterElements', [1, 2, 3], [1, 2], attribute('axis', 1));
    await scatter('ScatterElements', [1, 2, 4], [1, 2, 4], attribute('axis', 1));
    await scatter('ScatterElements', [1, 2], [1, 2], attribute('axis', 1));
    await scatter('ScatterElements', [2, 2, 3], [2, 2, 3], attribute('axis', 1));
    await scatter('ScatterElements', [1, 0, 3], [1, 0, 3], attribute('axis', 1));
    await scatter('ScatterElements', [1, 2, 3], [1, 2, 3], attribute('axis', 2 ** 40));
    await scatter('ScatterND', [1, 4], [1]);
    await scatter('ScatterND', [1, 0], [1, 3, 3]);
    await scatter('ScatterND', [], [1]);
  });

  it('more of the largest numbers than there are, or absurdly many', async () => {
    const top = (k: Uint8Array, ...item: number[]) => refused(modelOf([{ op: 'TopK', inputs: ['x', 'k'], outputs: ['y', 'p'], attributes: [attribute('axis', 1)] }], item, [], [k])); // biome-ignore format: one call
    for (const k of [5, 2 ** 40, -1, 0]) await top(list('k', k), 4);
    await top(many('k', [1, 2]), 4);
    await top(list('k', 65), 2 ** 20);
    const hot = (depth: number) => refused(modelOf([{ op: 'OneHot', inputs: ['x', 'd', 'v'], outputs: ['y'] }], [4], [], [list('d', depth), f32('v', [2], 0, 1)])); // biome-ignore format: one call
    for (const depth of [0, -1, 2 ** 23, 2 ** 30, 2 ** 50]) await hot(depth);
  });

  it('comparisons with all places that would take all memory', async () => {
    const cast = { op: 'Cast', inputs: ['x'], outputs: ['i'], attributes: [attribute('to', 7)] };
    const scatter = { op: 'ScatterElements', inputs: ['x', 'i', 'x'], outputs: ['y'], attributes: [attribute('axis', 1)] };
    expect(await refused(modelOf([cast, scatter], [2 ** 13]))).toMatch('comparisons an item');
    expect(await refused(modelOf([cast, { ...scatter, op: 'GatherElements', inputs: ['x', 'i'] }], [2 ** 25]))).toMatch('float32 counts'); // biome-ignore format: one call
  });

  it('numbers of items to and from where none is', async () => {
    const range = (limit: number) => refused(modelOf([{ op: 'Range', inputs: ['a', 'b', 'c'], outputs: ['r'] }, { op: 'Add', inputs: ['x', 'r'], outputs: ['y'] }], [2], [], [i64('a', [], 0), i64('b', [], limit), i64('c', [], 1)])); // biome-ignore format: one call
    for (const limit of [2 ** 40, -1, 5]) await range(limit);
  });
});

describe('names that meet', () => {
  it.each([
    ['a node that reads itself', [{ op: 'Add', inputs: ['x', 'y'], outputs: ['y'] }]],
    ['two nodes in a ring', [{ op: 'Add', inputs: ['x', 'b'], outputs: ['a'] }, { op: 'Relu', inputs: ['a'], outputs: ['b'] }, { op: 'Relu', inputs: ['b'], outputs: ['y'] }]],
    ['two nodes that write one value', [relu, relu]],
    ['a node that writes the input', [{ op: 'Relu', inputs: ['x'], outputs: ['x'] }, relu]],
    ['names of prototypes', [{ op: '__proto__', inputs: ['x'], outputs: ['y'] }]],
    ['an op called constructor', [{ op: 'constructor', inputs: ['x'], outputs: ['y'] }]],
    ['a value called __proto__', [{ op: 'Relu', inputs: ['__proto__'], outputs: ['y'] }]],
  ])('%s', async (_, nodes) => {
    await refused(modelOf(nodes));
  }); // biome-ignore format: a table

  it('ops that import alone writes, in the graph and in a function', async () => {
    const own = { op: 'GatherOfItem', domain: 'diptych.import', inputs: ['x', 'x'], outputs: ['y'] };
    expect(await refused(modelOf([own], [2]))).toMatch('of the domain "diptych.import"');
    const inFunction = body({ name: 'f', inputs: ['x'], outputs: ['y'], nodes: [node(own)] });
    expect(await refused(modelOf([{ op: 'f', domain: 'test', inputs: ['x'], outputs: ['y'] }], [2], [inFunction]))).toMatch('of the domain "diptych.import"'); // biome-ignore format: one call
  });

  it('tensors of one name, and names of a megabyte', async () => {
    const twice = [tensor('w', 1, [2], zeros(8)), tensor('w', 1, [2], zeros(8))];
    await refused(modelOf([{ op: 'Add', inputs: ['x', 'w'], outputs: ['y'] }], [2], [], twice));
    await refused(modelOf([{ op: 'Relu', inputs: ['x'], outputs: ['y'], name: 'n'.repeat(2 ** 20) }]));
  });
});

describe('weights in other files', () => {
  let folder: string;
  const adding = (entries: Record<string, string>, shape: number[] = [2]): Uint8Array =>
    modelOf([{ op: 'Add', inputs: ['x', 'w'], outputs: ['y'] }], [2], [], [external('w', shape, entries)]);
  const load = async (bytes: Uint8Array): Promise<string> => {
    writeFileSync(join(folder, 'model', 'model.onnx'), bytes);
    const opened = await openOnnxFile(join(folder, 'model', 'model.onnx'));
    const error: unknown = await planOnnx(opened.bytes, { batch: 1, readExternal: opened.readExternal }).catch((e: unknown) => e); // biome-ignore format: one call
    return isDiptychError(error) ? error.code : 'it was planned';
  };
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'diptych-hostile-'));
    const { mkdir } = await import('node:fs/promises');
    await mkdir(join(folder, 'model', 'inside'), { recursive: true });
    writeFileSync(join(folder, 'secret.bin'), zeros(64));
    writeFileSync(join(folder, 'model', 'w.bin'), zeros(64));
    symlinkSync(join(folder, 'secret.bin'), join(folder, 'model', 'link.bin'));
    symlinkSync(folder, join(folder, 'model', 'up'));
    symlinkSync('w.bin', join(folder, 'model', 'alias.bin'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('are read inside the folder, by links inside it too', async () => {
    expect(await load(adding({ location: 'w.bin', offset: '8', length: '8' }))).toBe('it was planned');
    expect(await load(adding({ location: 'alias.bin', length: '8' }))).toBe('it was planned');
  });

  it.each([
    ['a link out of the folder', 'PATH_OUTSIDE_ROOT', { location: 'link.bin', length: '8' }],
    ['a folder that leads out', 'PATH_OUTSIDE_ROOT', { location: 'up/secret.bin', length: '8' }],
    ['the folder itself', 'PATH_OUTSIDE_ROOT', { location: '.', length: '8' }],
    ['a folder', 'GRAPH_INVALID', { location: 'inside', length: '8' }],
    ['a path upwards', 'GRAPH_INVALID', { location: '../secret.bin', length: '8' }],
    ['an absolute path', 'GRAPH_INVALID', { location: '/etc/passwd', length: '8' }],
    ['a device', 'GRAPH_INVALID', { location: '/dev/zero', length: '8' }],
    ['no file', 'GRAPH_INVALID', { location: 'nothing.bin', length: '8' }],
    ['an offset beyond the file', 'GRAPH_INVALID', { location: 'w.bin', offset: '100', length: '8' }],
    ['a length beyond the file', 'GRAPH_INVALID', { location: 'w.bin', offset: '60', length: '8' }],
    ['a length that overflows', 'GRAPH_INVALID', { location: 'w.bin', offset: '8', length: '9007199254740991' }],
    ['a negative offset', 'GRAPH_INVALID', { location: 'w.bin', offset: '-8', length: '8' }],
    ['an offset in words', 'GRAPH_INVALID', { location: 'w.bin', offset: 'eight', length: '8' }],
    ['no location', 'GRAPH_INVALID', { length: '8' }],
  ])('%s is %s', async (_, code, entries) => {
    expect(await load(adding(entries as Record<string, string>))).toBe(code);
  }); // biome-ignore format: a table

  it('a pipe is no file, and is not waited for', async () => {
    const { execFileSync } = await import('node:child_process');
    execFileSync('mkfifo', [join(folder, 'model', 'pipe.bin')]);
    expect(await load(adding({ location: 'pipe.bin', length: '8' }))).toBe('GRAPH_INVALID');
  });

  it('thousands of tensors over the same bytes', async () => {
    writeFileSync(join(folder, 'model', 'big.bin'), zeros(2 ** 22 + 1));
    const tensors = Array.from({ length: 2_000 }, (_, i) => external(`w${i}`, [2 ** 20], { location: 'big.bin', offset: '1', length: String(2 ** 22) })); // biome-ignore format: one list
    expect(await load(modelOf([{ op: 'Add', inputs: ['x', 'w0'], outputs: ['y'] }], [2 ** 20], [], tensors))).toBe('GRAPH_INVALID'); // biome-ignore format: one call
  });
});
