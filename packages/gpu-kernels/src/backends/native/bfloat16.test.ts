import type { BeyondHalf, Tensor } from '@diptych/plugin-kit';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { planGraph } from '../../graph/planner.ts';
import { openRuntime, precisionReport } from '../../index.ts';
import { randomNumbers } from '../../kernels/case.ts';
import { cosine, goldenBytes, goldenNames, goldenOf, readGoldenExternal } from '../../onnx/golden-networks.ts';
import { tryOpen } from '../../open-backend.ts';
import { type Addon, loadAddon } from './addon.ts';
import { openNative } from './native-backend.ts';

vi.setConfig({ testTimeout: 120_000 });
afterEach(() => vi.unstubAllEnvs());

const opened = await tryOpen('native', { precision: 'bf16' });
const absent = typeof opened === 'string' ? opened : undefined;

/** An addon that computes nothing and remembers what it was asked to compute in. */
function addonOf(parts: number): { readonly addon: Addon; readonly asked: string[] } {
  const asked: string[] = [];
  const addon: Addon = {
    version: () => '0.1.0',
    cpuName: () => 'Some Processor (AVX2; 2 threads)',
    bfloat16Parts: () => parts,
    checkPlan: () => '[]',
    compilePlan: (_, __, ___, precision) => {
      asked.push(precision);
      return { run: async () => [], stepMilliseconds: () => [] };
    },
    disposePlan: () => {},
  };
  return { addon, asked };
}

const dense = (name: string, x: string, w: string, y: string) => ({ name, op: 'MatMul', inputs: [x, w], outputs: [y] });
const weight = (shape: readonly number[], seed: number): Tensor => ({ shape, data: randomNumbers(shape.reduce((a, b) => a * b), seed, [-0.2, 0.2]) }); // biome-ignore format: one tensor

describe('bfloat16 where it may be asked for', () => {
  it('is refused on a processor without it: what was expected, what came, what to do', () => {
    const { addon } = addonOf(0);
    const open = () => openNative({ precision: 'bf16' }, addon);
    expect(open).toThrow(expect.objectContaining({ code: 'BACKEND_UNAVAILABLE' }));
    expect(open).toThrow(
      'expected a processor that multiplies bfloat16 faster than float32 (by AMX, as Intel Xeon since 2023 on Linux, or AMD since Zen 4) for precision bf16, found Some Processor (AVX2; 2 threads); use precision f32',
    );
    expect(openNative({}, addon).name).toBe('native');
  });

  it('is what every plan is compiled in, and a finer precision where that is asked for', async () => {
    const graph = { name: 'n', inputs: [{ name: 'x', shape: [4, 8] }], nodes: [dense('m', 'x', 'w', 'y')], outputs: ['y'] };
    const { plan, weights } = planGraph(graph, { w: weight([8, 8], 1) }, 1);
    const { addon, asked } = addonOf(2);
    const [half, full] = [openNative({ precision: 'bf16' }, addon), openNative({}, addon)];
    await half.compile(plan, weights);
    await half.compile(plan, weights, 'bf16x2');
    await half.compile(plan, weights, 'f32');
    await full.compile(plan, weights);
    expect(asked).toEqual(['bf16', 'bf16x2', 'f32', 'f32']);
    expect([half.between, full.between]).toEqual([['bf16x2'], []]);
    // Where three products of bfloat16 take longer than one of floats.
    expect(openNative({ precision: 'bf16' }, addonOf(1).addon).between).toEqual([]);
  });

  it('is no mode of the other backends, nor float16 one of this', async () => {
    for (const name of ['webgpu', 'reference'] as const)
      expect(await tryOpen(name, { precision: 'bf16' })).toBe('precision bf16 is a mode of the native backend');
    expect(await tryOpen('native', { precision: 'f16' })).toBe('precision f16 is a mode of the webgpu backend');
    await expect(openRuntime({ prefer: 'webgpu', precision: 'bf16' })).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      message: expect.stringMatching(/^No runtime backend of webgpu.*a mode of the native backend.*leave out --precision/),
    });
  });

  it('is taken from DIPTYCH_PRECISION, which is refused where it names none', async () => {
    vi.stubEnv('DIPTYCH_BACKEND', '');
    vi.stubEnv('DIPTYCH_PRECISION', 'bf16');
    const reported = (await precisionReport()).find(({ precision }) => precision === 'bf16')!;
    expect(reported).toMatchObject({ backend: 'native' });
    expect(reported.reason).toBe(absent);
    const runtime = openRuntime();
    // Another backend never takes its place.
    if (absent === undefined) {
      await using there = await runtime;
      expect(there.info).toMatchObject({ backend: 'native', precision: 'bf16', beyondHalf: [], rejected: [] });
    } else
      await expect(runtime).rejects.toMatchObject({ code: 'BACKEND_UNAVAILABLE', message: expect.stringContaining(absent) });
    vi.stubEnv('DIPTYCH_PRECISION', 'bf8');
    const message = expect.stringContaining('DIPTYCH_PRECISION to be one of f32, f16, bf16, received "bf8"');
    await expect(openRuntime()).rejects.toMatchObject({ code: 'USAGE', message });
  });
});

/** A stem, two 3x3 layers with a residual, a 1x1 layer and a classifier: He's rule keeps the size of what lies between. */
function residualNetwork() {
  const conv = (name: string, x: string, kernel: number, stride: number) => ({ name, op: 'Conv', inputs: [x, `${name}.w`], outputs: [name], attributes: { strides: [stride, stride], pads: Array(4).fill(kernel >> 1) } }); // biome-ignore format: one node
  const relu = (x: string) => ({ name: `${x}.relu`, op: 'Relu', inputs: [x], outputs: [`${x}.relu`] });
  const nodes = [
    conv('stem', 'x', 3, 2), relu('stem'), conv('first', 'stem.relu', 3, 1), relu('first'), conv('second', 'first.relu', 3, 1),
    { name: 'sum', op: 'Add', inputs: ['second', 'stem.relu'], outputs: ['sum'] }, relu('sum'), conv('wide', 'sum.relu', 1, 1), relu('wide'),
    { name: 'mean', op: 'GlobalAveragePool', inputs: ['wide.relu'], outputs: ['mean'] },
    { name: 'flat', op: 'Flatten', inputs: ['mean'], outputs: ['flat'] },
    { name: 'logits', op: 'Gemm', inputs: ['flat', 'classes.w'], outputs: ['logits'], attributes: { transB: 1 } },
    { name: 'shares', op: 'Softmax', inputs: ['logits'], outputs: ['y'] },
  ]; // biome-ignore format: one network
  const shapes = {
    stem: [64, 3, 3, 3],
    first: [64, 64, 3, 3],
    second: [64, 64, 3, 3],
    wide: [128, 64, 1, 1],
    classes: [10, 128],
  };
  const weights = Object.entries(shapes).map(([name, shape], seed): [string, Tensor] => {
    const [numbers, fan] = [shape.reduce((a, b) => a * b), shape.slice(1).reduce((a, b) => a * b)];
    // Logits a sixteenth as large: bfloat16 moves those of noise by 0.006 otherwise, which is 0.0016 of a score where it decides, and drawn pictures' further.
    const most = Math.sqrt(6 / fan) * (name === 'classes' ? 1 / 16 : 1);
    return [`${name}.w`, { shape, data: randomNumbers(numbers, seed, [-most, most]) }];
  });
  return { graph: { name: 'residual', inputs: [{ name: 'x', shape: [3, 32, 32] }], nodes, outputs: ['y'] }, weights: Object.fromEntries(weights) }; // biome-ignore format: one network
}

/** `scale` times the difference of two products whose weights are 1 and 1 + 1 / `scale`: the smaller it is, the more digits it takes. */
function cancellingNetwork(scale: number) {
  const w = weight([64, 32], 3);
  const larger = { shape: w.shape, data: w.data.map((value) => value * (1 + 1 / scale)) };
  const nodes = [
    dense('one', 'x', 'w', 'a'),
    dense('other', 'x', 'larger', 'b'),
    { name: 'difference', op: 'Sub', inputs: ['b', 'a'], outputs: ['c'] },
    { name: 'scaled', op: 'Mul', inputs: ['c', 'scale'], outputs: ['y'] },
  ];
  const graph = { name: 'cancelling', inputs: [{ name: 'x', shape: [16, 64] }], nodes, outputs: ['y'] };
  return { graph, weights: { w, larger, scale: { shape: [1], data: Float32Array.of(scale) } } };
}

describe.skipIf(absent !== undefined)(`networks in bfloat16 (here: ${absent ?? 'present'})`, () => {
  const half = { prefer: 'native', precision: 'bf16' } as const;

  it.each(goldenNames)('scores the network %s within 1e-3 of onnxruntime in float32', async (name) => {
    await using runtime = await openRuntime({ ...half, checkHalf: false });
    const { x, y } = goldenOf(name);
    await using model = await runtime.loadOnnx(goldenBytes(name), { batch: 3, readExternal: readGoldenExternal });
    const { y: actual } = await model.run({ x });
    expect(cosine(actual!.data, y.data)).toBeGreaterThanOrEqual(0.999);
    expect(Math.max(...actual!.data.map((value, i) => Math.abs(value - y.data[i]!)))).toBeLessThanOrEqual(1e-3);
  });

  it('keeps a network that loses little, rounds it, and scores an item alike in any batch', async () => {
    const { graph, weights } = residualNetwork();
    const x = { shape: [4, 3, 32, 32], data: randomNumbers(4 * 3 * 32 * 32, 9, [-2, 2]) };
    const run = async (precision: 'f32' | 'bf16') => {
      await using runtime = await openRuntime({ prefer: 'native', precision });
      await using model = await runtime.load(graph, weights, 4);
      const alone = await model.run({ x: { shape: [1, 3, 32, 32], data: x.data.slice(2 * 3 * 32 * 32, 3 * 3 * 32 * 32) } });
      return { y: (await model.run({ x }))['y']!.data, alone: alone['y']!.data, beyond: runtime.info.beyondHalf };
    };
    const [actual, expected] = [await run('bf16'), await run('f32')];
    expect(actual.beyond).toEqual([]);
    expect([...actual.alone]).toEqual([...actual.y.subarray(20, 30)]);
    expect([...actual.y]).not.toEqual([...expected.y]);
    expect(cosine(actual.y, expected.y)).toBeGreaterThanOrEqual(0.999);
    expect(Math.max(...actual.y.map((value, i) => Math.abs(value - expected.y[i]!)))).toBeLessThanOrEqual(1e-3);
  });

  // A product of two numbers of 8 bits is off by a part of 2^-9, of 16 bits by a part of 2^-17: times 100 above the limit of
  // 0.001 and below it, times 10,000 above it with either.
  const hasTwo = absent === undefined && loadAddon().bfloat16Parts() > 1;
  const given: readonly [number, string, Partial<BeyondHalf>][] = [
    [100, ...(hasTwo ? (['two parts of bfloat16', { computedIn: 'bf16x2' }] as const) : (['float32', {}] as const))],
    [10_000, 'float32', {}],
  ];
  it.each(given)('is given up for a network that it changes too much, times %i: %s', async (scale, words, found) => {
    const said: string[] = [];
    await using runtime = await openRuntime({ ...half, log: (message) => said.push(message) });
    const { graph, weights } = cancellingNetwork(scale);
    await using model = await runtime.load(graph, weights, 2);
    const reason = expect.stringMatching(
      /^output "y" in bfloat16 against float32: cosine .* apart; allowed are cosine 0.999/,
    );
    expect(runtime.info.beyondHalf).toEqual([{ network: 'cancelling', reason, ...found }]);
    expect(said).toEqual([expect.stringContaining(`"cancelling" is computed in ${words}: output "y" in bfloat16`)]);
    await using full = await openRuntime({ prefer: 'native' });
    await using exact = await full.load(graph, weights, 2);
    const x = { shape: [1, 16, 64], data: randomNumbers(16 * 64, 5, [-2, 2]) };
    const [{ y: actual }, { y: expected }] = [await model.run({ x }), await exact.run({ x })];
    expect([...actual!.data]).toHaveLength(16 * 32);
    if (found.computedIn === undefined) expect([...actual!.data]).toEqual([...expected!.data]);
    else expect(cosine(actual!.data, expected!.data)).toBeGreaterThan(0.99999);
  });
});
