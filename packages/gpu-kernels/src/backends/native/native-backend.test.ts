import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { type Plan, planVersion } from '../../graph/plan.ts';
import { tryOpen } from '../../open-backend.ts';
import { openNative } from './native-backend.ts';

const opened = await tryOpen('native', {});
const absent = typeof opened === 'string' ? opened : undefined;

describe.skipIf(absent !== undefined)(`the native backend (here: ${absent ?? 'present'})`, () => {
  const shape = [24, 24, 3];
  const plan: Plan = {
    version: planVersion,
    name: 'one image step',
    batch: 1,
    values: [{ id: 0, shape }],
    weights: [],
    steps: [
      {
        op: 'image',
        name: 'image',
        input: 'image',
        recipe: [
          { step: 'resize-short-side', filter: 'pillow-lanczos', size: 24 },
          { step: 'centre-crop', width: 24, height: 24 },
          { step: 'normalise', scale: 1, mean: [0, 0, 0], deviation: [1, 1, 1] },
        ],
        output: 0,
      },
    ],
    inputs: {},
    outputs: { y: { value: 0, shape } },
  };

  it('says how many threads it uses', () => {
    expect(openNative({ threads: 1 }).adapter).toMatch(/, 1 thread$/);
    expect(openNative({ threads: 3 }).adapter).toMatch(/, 3 threads$/);
  });

  it('says with a code what the addon finds wrong with a plan, before it is compiled', () => {
    const absurd = { ...plan, values: [{ id: 0, shape: [0] }] };
    expect(() => openNative({ threads: 1 }).check(absurd)).toThrow(expect.objectContaining({ code: 'GRAPH_INVALID' }));
  });

  // The second is larger than what is copied as it is.
  it.each([
    [90, 70],
    [2000, 1600],
  ])('gives an image of %i × %i back as soon as a run was asked for', async (width, height) => {
    const colour = [10, 200, 90];
    const data = Uint8Array.from({ length: width * height * 3 }, (_, at) => colour[at % 3]!);
    await using executable = await openNative({ threads: 2 }).compile(plan, {});
    const running = executable.run({ image: [{ width, height, channels: 3, data }] });
    data.fill(255);
    structuredClone(data, { transfer: [data.buffer] });
    expect([...(await running)['y']!.data]).toEqual(Array.from({ length: 24 * 24 }, () => colour).flat());
  });

  /** A layer of `outputs` by `inputs` weights, and their bytes. */
  const layer = (outputs: number, inputs: number): { dense: Plan; bytes: number } => ({
    dense: {
      version: planVersion,
      name: 'a layer',
      batch: 4,
      values: [inputs, outputs].map((size, id) => ({ id, shape: [size] })),
      weights: [{ name: 'w', shape: [outputs, inputs] }],
      steps: [{ op: 'gemm', name: 'layer', x: 0, weight: 'w', activation: { kind: 'none' }, output: 1 }],
      inputs: { x: 0 },
      outputs: { y: { value: 1, shape: [outputs] } },
    },
    bytes: 4 * outputs * inputs,
  });

  it('frees a network when it is disposed of, without a collection', async () => {
    const { dense, bytes } = layer(2048, 8192);
    const w = { shape: [2048, 8192], data: new Float32Array(bytes / 4) };
    const backend = openNative({ threads: 2 });
    const load = async (): Promise<void> => (await backend.compile(dense, { w }))[Symbol.asyncDispose]();
    await load();
    const before = process.memoryUsage.rss();
    for (let time = 0; time < 8; time++) await load();
    expect(process.memoryUsage.rss() - before).toBeLessThan(3 * bytes);
  });

  it('ends the runs under way of a network that is disposed of, and refuses later ones', async () => {
    const { dense } = layer(64, 4096);
    const w = { shape: [64, 4096], data: new Float32Array(64 * 4096).fill(0.5) };
    const executable = await openNative({ threads: 2 }).compile(dense, { w });
    const run = () => executable.run({ x: { shape: [4, 4096], data: new Float32Array(4 * 4096).fill(0.25) } });
    const running = [run(), run(), run()];
    await executable[Symbol.asyncDispose]();
    await executable[Symbol.asyncDispose]();
    for (const { y } of await Promise.all(running)) expect(new Set(y!.data)).toEqual(new Set([512]));
    await expect(run()).rejects.toMatchObject({ code: 'INVARIANT_BROKEN' });
  });

  it('counts the time of runs that overlap once', async () => {
    const { dense } = layer(2048, 2048);
    const w = { shape: [2048, 2048], data: new Float32Array(2048 * 2048).fill(0.5) };
    const backend = openNative({ threads: 1, profile: true });
    await using executable = await backend.compile(dense, { w });
    const run = () => executable.run({ x: { shape: [4, 2048], data: new Float32Array(4 * 2048) } });
    const start = performance.now();
    await Promise.all(Array.from({ length: 12 }, run));
    const taken = performance.now() - start;
    const counted = backend.times.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
    expect(counted).toBeGreaterThan(0);
    expect(counted).toBeLessThanOrEqual(taken);
  });

  // Large enough that memory of inputs and outputs is used again once it is collected; `gc` makes that happen here.
  it('leaves the outputs that a caller keeps as they are in later runs', async () => {
    const size = 32 * 1024;
    const doubled: Plan = {
      version: planVersion,
      name: 'twice',
      batch: 3,
      values: [0, 1].map((id) => ({ id, shape: [size] })),
      weights: [],
      steps: [{ op: 'binary', name: 'add', function: 'add', a: 0, aStrides: [1], b: 0, bStrides: [1], output: 1 }],
      inputs: { x: 0 },
      outputs: { y: { value: 1, shape: [size] } },
    };
    const gc = collector();
    await using executable = await openNative({ threads: 2 }).compile(doubled, {});
    const kept: Float32Array[] = [];
    for (let run = 1; run <= 60; run++) {
      const items = 1 + (run % 3);
      const { y } = await executable.run({ x: { shape: [items, size], data: new Float32Array(items * size).fill(run) } });
      if (run % 4 === 0) kept.push(y!.data);
      if (run % 5 === 0) gc();
    }
    expect(kept.map((data) => [...new Set(data)])).toEqual(Array.from({ length: 15 }, (_, index) => [8 * (index + 1)]));
  });
});

/** Node's collector, which scripts have only by its flag. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}
