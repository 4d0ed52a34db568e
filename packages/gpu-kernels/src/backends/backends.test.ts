import { type BackendName, isDiptychError, type Tensors } from '@diptych/plugin-kit';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { planGraph } from '../graph/planner.ts';
import { synthesise } from '../image-ops/synthetic-image.ts';
import { allCases } from '../kernels/all-cases.ts';
import { defaultMaxNmse, prepareCase, randomNumbers } from '../kernels/case.ts';
import { representativeCases } from '../kernels/representative-cases.ts';
import { tryOpen } from '../open-backend.ts';
import { sampleNetwork } from '../sample-network.ts';
import { expectAsReference, expectClose, reference, runOn } from '../testing/as-reference.ts';
import type { Executable } from './backend.ts';
import type { OpenedBackend } from './opened-backend.ts';

// A software GPU compiles kernels on the CPU when they first run: seconds each where the machine is busy and its cache cold.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

// Dawn then keeps its own bounds checks, so that an index of ours that leaves a buffer cannot pass by luck.
process.env.DIPTYCH_WEBGPU = 'checked';

const names = ['reference', 'webgpu', 'native'] as const satisfies readonly BackendName[];
const opened = new Map<BackendName, OpenedBackend | string>();
for (const name of names) opened.set(name, await tryOpen(name, {}));
describe.each(names)('%s backend', (name) => {
  const result = opened.get(name)!;
  if (typeof result === 'string') {
    it(`opens where CI demands it (here: ${result})`, ({ skip }) => {
      expect(process.env.CI, result).not.toBe('true');
      skip(result);
    });
    return;
  }
  const { backend } = result;
  afterAll(() => backend[Symbol.asyncDispose]());

  it.each(name === 'webgpu' ? representativeCases : allCases)('$name', (given) => expectAsReference(backend, given));

  describe('a network of the shape of MobileNetV2', () => {
    const normalise = { step: 'normalise', scale: 1 / 127.5, mean: [1, 1, 1], deviation: [1, 1, 1] } as const;
    const { graph, weights } = sampleNetwork({ size: 64, width: 0.25, recipe: [{ step: 'resize', filter: 'pillow-bicubic', width: 64, height: 64 }, normalise] }); // biome-ignore format: one network
    const planned = planGraph(graph, weights, 5);
    const images = [synthesise('noise', 90, 70, 1), synthesise('gradient', 64, 64, 2, 4), synthesise('gradient', 33, 200, 3), synthesise('extremes', 70, 64, 4)]; // biome-ignore format: one batch
    let executable: Executable;
    let expected: Tensors;
    beforeAll(async () => {
      executable = await backend.compile(planned.plan, planned.weights);
      expected = await runOn(reference, planned.plan, planned.weights, { image: images });
    });
    afterAll(() => executable[Symbol.asyncDispose]());

    it('gives the scores of the reference within 1e-5', async () => {
      const actual = await executable.run({ image: images });
      for (const output of Object.keys(expected)) {
        const differences = expected[output]!.data.map((value, i) => Math.abs(value - actual[output]!.data[i]!));
        const scale = Math.max(1, ...expected[output]!.data.map(Math.abs));
        expect(Math.max(...differences) / scale).toBeLessThanOrEqual(1e-5);
      }
    });

    it('gives an item the same scores in any batch and at any place', async () => {
      const all = await executable.run({ image: images });
      const alone = await executable.run({ image: images.slice(2, 3) });
      const output = graph.outputs[0]!;
      const classes = all[output]!.shape[1]!;
      expect([...alone[output]!.data]).toEqual([...all[output]!.data.subarray(2 * classes, 3 * classes)]);
    });

    it('runs an empty batch', async () => {
      const none = await executable.run({ image: [] });
      expect(none[graph.outputs[0]!]).toEqual({ shape: [0, 5], data: new Float32Array(0) });
    });

    it('answers overlapping runs each with its own scores', async () => {
      const output = graph.outputs[0]!;
      const results = await Promise.all([0, 1, 2, 3].map((i) => executable.run({ image: [images[i]!] })));
      for (const [i, { [output]: scores }] of results.entries()) {
        expectClose(scores!.data, expected[output]!.data.subarray(i * 5, i * 5 + 5), 1e-8);
      }
    });

    it('refuses more items than the batch it was loaded for', async () => {
      await expect(executable.run({ image: Array.from({ length: 6 }, () => images[0]!) })).rejects.toMatchObject({
        code: 'RUN_INPUT_INVALID',
      });
    });

    it('stops before a run whose signal is aborted', async () => {
      await expect(executable.run({ image: images }, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
    });
  });

  it('keeps several models apart', async () => {
    const cases = allCases.filter(({ name: caseName }) => caseName.startsWith('gemm')).map(prepareCase);
    const executables = await Promise.all(cases.map(({ plan, weights }) => backend.compile(plan, weights)));
    for (const [index, { plan, weights, inputs }] of cases.entries()) {
      const expected = await runOn(reference, plan, weights, inputs);
      expectClose((await executables[index]!.run(inputs))['y']!.data, expected['y']!.data, defaultMaxNmse);
    }
    for (const executable of executables) await executable[Symbol.asyncDispose]();
  });

  it('reports a model that was run after it was disposed of, or answers as before', async () => {
    const { plan, weights, inputs } = prepareCase(allCases.find(({ name: caseName }) => caseName.startsWith('gemm'))!);
    const executable = await backend.compile(plan, weights);
    await executable[Symbol.asyncDispose]();
    const answer = await executable.run(inputs).catch((error: unknown) => error);
    expect(name === 'reference' ? 'y' in (answer as Tensors) : isDiptychError(answer)).toBe(true);
  });
});

it('random numbers of cases are the same everywhere', () => {
  expect([...randomNumbers(3, 1)]).toEqual([...randomNumbers(3, 1)]);
  expect(randomNumbers(1000, 2).every((value) => value >= -1 && value < 1)).toBe(true);
});
