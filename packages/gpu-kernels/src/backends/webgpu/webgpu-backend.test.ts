import type { ModelInputs, Tensor, Tensors } from '@diptych/plugin-kit';
import { describe, expect, it, vi } from 'vitest';
import { type PlannedGraph, planGraph } from '../../graph/planner.ts';
import { tryOpen } from '../../open-backend.ts';
import type { Backend } from '../backend.ts';
import type { LesserGpu } from './gpu-options.ts';
import { listWebgpuAdapters } from './webgpu-backend.ts';

vi.setConfig({ testTimeout: 120_000 });
process.env.DIPTYCH_WEBGPU = 'checked';

const opened = await tryOpen('webgpu', {});
const absent = typeof opened === 'string' ? opened : undefined;
if (typeof opened !== 'string') await opened.backend[Symbol.asyncDispose]();

async function openLesser(lesser: LesserGpu): Promise<Backend> {
  const result = await tryOpen('webgpu', { lesser });
  if (typeof result === 'string') throw new Error(result);
  return result.backend;
}

/** y = 2x + 1 over rows of `size` numbers, then their sum: cheap kernels, and a value as large as wanted. */
function affine(size: number, batch: number): PlannedGraph {
  const nodes = [
    { name: 'double', op: 'Mul', inputs: ['x', 'two'], outputs: ['d'] },
    { name: 'shift', op: 'Add', inputs: ['d', 'one'], outputs: ['y'] },
    { name: 'total', op: 'ReduceSum', inputs: ['y', 'axes'], outputs: ['sum'] },
  ];
  const weights = {
    two: { shape: [1], data: Float32Array.of(2) },
    one: { shape: [1], data: Float32Array.of(1) },
    axes: { shape: [1], data: Float32Array.of(1) },
  };
  return planGraph({ name: 'affine', inputs: [{ name: 'x', shape: [size] }], nodes, outputs: ['sum'] }, weights, batch);
}
const filled = (items: number, size: number, first: number): ModelInputs => ({
  x: { shape: [items, size], data: Float32Array.from({ length: items * size }, (_, i) => first + Math.floor(i / size)) },
});
/** By hand: an item of `size` numbers v sums to size · (2v + 1). */
const sums = (items: number, size: number, first: number): number[] =>
  Array.from({ length: items }, (_, item) => size * (2 * (first + item) + 1));
const sumOf = ({ sum }: Tensors): number[] => [...sum!.data];

describe.skipIf(absent !== undefined)(`a WebGPU device (here: ${absent ?? 'present'})`, () => {
  it('answers many runs under way at once, each with its own scores and in order', async () => {
    await using backend = await openLesser({});
    const { plan, weights } = affine(1000, 4);
    await using model = await backend.compile(plan, weights);
    const order: number[] = [];
    const runs = Array.from({ length: 12 }, async (_, run) => {
      const answer = await model.run(filled(1 + (run % 4), 1000, run));
      order.push(run);
      return sumOf(answer);
    });
    expect(await Promise.all(runs)).toEqual(runs.map((_, run) => sums(1 + (run % 4), 1000, run)));
    expect(order).toEqual(runs.map((_, run) => run));
  });

  it('uploads large inputs of many runs at once without mixing them, through memory that is used again', async () => {
    await using backend = await openLesser({});
    const { plan, weights } = affine(300_000, 4);
    await using model = await backend.compile(plan, weights);
    for (let round = 0; round < 2; round++) {
      const runs = Array.from({ length: 6 }, async (_, run) => {
        const items = 1 + (run % 4); // 1.2 MB each, beyond what the queue's own ring takes
        const given = filled(items, 300_000, 10 * round + run);
        expect(sumOf(await model.run(given))).toEqual(sums(items, 300_000, 10 * round + run));
        expect((given['x'] as Tensor).data.at(-1)).toBe(10 * round + run + items - 1); // what was given stays with the caller
      });
      await Promise.all(runs);
    }
  });

  it('runs in parts where there is memory for the values but not for the upload of all', async () => {
    // 8 items of 400 kB and their doubles are 6.4 MB; the 3.2 MB through which they come do not fit beside them, half do.
    await using backend = await openLesser({ memoryBytes: 8_500_000 });
    const { plan, weights } = affine(100_000, 8);
    await using model = await backend.compile(plan, weights);
    for (const first of [1, 2]) expect(sumOf(await model.run(filled(8, 100_000, first)))).toEqual(sums(8, 100_000, first));
  });

  it('waits for the runs under way before a model is given back', async () => {
    await using backend = await openLesser({});
    const { plan, weights } = affine(1000, 2);
    const model = await backend.compile(plan, weights);
    const run = model.run(filled(2, 1000, 5));
    await model[Symbol.asyncDispose]();
    expect(sumOf(await run)).toEqual(sums(2, 1000, 5));
  });

  it('rejects the runs under way with DEVICE_LOST when the device goes, and serves models loaded later', async () => {
    await using backend = await openLesser({ loseAfterRuns: 2 });
    const { plan, weights } = affine(100, 2);
    const model = await backend.compile(plan, weights);
    expect(sumOf(await model.run(filled(1, 100, 0)))).toEqual(sums(1, 100, 0));
    const lost = { code: 'DEVICE_LOST', message: expect.stringContaining('load them again') };
    const under = await Promise.allSettled([1, 2, 3].map((first) => model.run(filled(2, 100, first))));
    for (const run of under) expect(run).toMatchObject({ status: 'rejected', reason: lost });
    await expect(model.run(filled(1, 100, 1))).rejects.toMatchObject(lost);
    await model[Symbol.asyncDispose]();
    await using again = await backend.compile(plan, weights);
    expect(sumOf(await again.run(filled(2, 100, 7)))).toEqual(sums(2, 100, 7));
  });

  it('halves the batch until the values fit the memory, with the same scores', async () => {
    // 16 items of 40 kB and their doubles are 1.3 MB; 300 kB hold 3 of them.
    await using backend = await openLesser({ memoryBytes: 300_000 });
    const { plan, weights } = affine(10_000, 16);
    await using model = await backend.compile(plan, weights);
    expect(sumOf(await model.run(filled(16, 10_000, 1)))).toEqual(sums(16, 10_000, 1));
  });

  it('says OUT_OF_MEMORY where not even one item fits, and still serves smaller models', async () => {
    await using backend = await openLesser({ memoryBytes: 60_000 });
    const { plan, weights } = affine(10_000, 16);
    await expect(backend.compile(plan, weights)).rejects.toMatchObject({
      code: 'OUT_OF_MEMORY',
      message: expect.stringMatching(/--backend native/),
    });
    const small = affine(100, 2);
    await using model = await backend.compile(small.plan, small.weights);
    expect(sumOf(await model.run(filled(2, 100, 3)))).toEqual(sums(2, 100, 3));
  });

  it('runs on the smallest GPU that WebGPU guarantees, without any optional feature', async () => {
    await using backend = await openLesser({
      hiddenFeatures: ['shader-f16', 'subgroups', 'subgroup-size-control', 'timestamp-query'],
      limits: {
        maxBufferSize: 268_435_456,
        maxStorageBufferBindingSize: 134_217_728,
        maxComputeWorkgroupStorageSize: 16_384,
        maxComputeInvocationsPerWorkgroup: 256,
        maxComputeWorkgroupSizeX: 256,
      },
    });
    const { plan, weights } = affine(1000, 2);
    await using model = await backend.compile(plan, weights);
    expect(sumOf(await model.run(filled(2, 1000, 3)))).toEqual(sums(2, 1000, 3));
  });

  it('refuses what exceeds a binding in words before memory is taken, values and weights alike', async () => {
    const limit = 134_217_728; // WebGPU gives no less than that
    await using backend = await openLesser({ limits: { maxStorageBufferBindingSize: limit } });
    const numbers = limit / 4 + 1;
    const reason = expect.stringContaining(`${limit + 4} bytes, the adapter binds at most ${limit}`);
    expect(backend.check(affine(numbers, 1).plan)).toMatchObject([{ step: 'double', op: 'binary', reason }, { step: 'shift', reason }]); // biome-ignore format: one list
    const { plan } = affine(100, 1);
    const heavy = { ...plan, weights: plan.weights.map((weight) => ({ ...weight, shape: [numbers] })) };
    expect(backend.check(heavy)).toMatchObject([
      { step: 'double', reason },
      { step: 'shift', reason },
    ]);
  });

  it('times every kernel of every run on the clock of the device, where asked to', async () => {
    const result = await tryOpen('webgpu', { profile: true });
    if (typeof result === 'string') throw new Error(result);
    await using backend = result.backend;
    const { plan, weights } = affine(100_000, 4);
    await using model = await backend.compile(plan, weights);
    for (const first of [1, 2]) expect(sumOf(await model.run(filled(4, 100_000, first)))).toEqual(sums(4, 100_000, first));
    expect(backend.times.map(({ step }) => step)).toEqual(['double', 'shift', 'total', 'double', 'shift', 'total']);
    for (const { milliseconds } of backend.times) expect(milliseconds).toBeGreaterThan(0);
    const starts = backend.times.map(({ start }) => start);
    expect(starts).toEqual(starts.toSorted((a, b) => a - b));
    expect(await tryOpen('webgpu', { profile: true, lesser: { hiddenFeatures: ['timestamp-query'] } })).toMatch(/timestamp-query/); // biome-ignore format: one check
  });

  it('opens the adapter asked for by part of its name or by its place, and names those there are otherwise', async () => {
    const adapters = await listWebgpuAdapters();
    expect(adapters.length).toBeGreaterThan(0);
    for (const adapter of ['0', adapters[0]!.name.slice(0, 6).toUpperCase()]) {
      const result = await tryOpen('webgpu', { adapter });
      if (typeof result === 'string') throw new Error(result);
      await result.backend[Symbol.asyncDispose]();
    }
    expect(await tryOpen('webgpu', { adapter: 'no such card' })).toContain(`0: ${adapters[0]!.name}`);
  });
});
