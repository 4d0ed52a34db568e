/** Forms of exporters and quantisers that import has a rule for, against onnxruntime: goldens/onnx/make-forms.py. */
import { readFileSync } from 'node:fs';
import type { Tensor } from '@diptych/plugin-kit';
import { describe, expect, it, vi } from 'vitest';
import { planGraph } from '../graph/planner.ts';
import { sizeOf } from '../graph/shapes.ts';
import { openedBackend } from '../testing/opened-backend.ts';
import { goldenBytes } from './golden-networks.ts';
import { importOnnx } from './import-onnx.ts';
import { readOnnxModel } from './read/read-onnx-model.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });
process.env.DIPTYCH_WEBGPU = 'checked';

interface Listed {
  readonly shape: readonly number[];
  /** Left out where the numbers are those of the formula; null stands for NaN. */
  readonly data?: readonly (number | null)[];
}
interface Golden {
  readonly inputs: Readonly<Record<string, Listed>>;
  readonly outputs: Readonly<Record<string, { readonly shape: readonly number[]; readonly data: readonly number[] }>>;
}
const file = new URL('../../goldens/onnx/forms.json', import.meta.url);
const goldens = JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, Golden>>;
/** Most forms become steps that have cases of their own on every backend; these become steps in a new way. */
const onGpu = ['pool-beyond', 'pool-beyond-padded', 'distances', 'merged-equation'];

const tensorOf = ({ shape, data }: Listed): Tensor => ({
  shape,
  data: Float32Array.from({ length: sizeOf(shape) }, (_, i) =>
    data === undefined ? ((i * 7919) % 2001) / 1000 - 1 : (data[i] ?? Number.NaN),
  ),
});

describe.each(['reference', 'native', 'webgpu'] as const)('forms of exporters on %s', async (name) => {
  const backend = await openedBackend(name);
  if (backend === undefined) return;

  it.each(name === 'webgpu' ? onGpu : Object.keys(goldens))('%s gives what onnxruntime gives', async (golden) => {
    const { inputs, outputs } = goldens[golden]!;
    const { graph, weights } = importOnnx(readOnnxModel(goldenBytes(`forms/${golden}`)));
    const planned = planGraph(graph, weights, 2);
    await using executable = await backend.compile(planned.plan, planned.weights);
    const given = Object.fromEntries(Object.entries(inputs).map(([key, value]) => [key, tensorOf(value)]));
    const actual = await executable.run(given);
    for (const [key, { shape, data }] of Object.entries(outputs)) {
      expect(actual[key]!.shape).toEqual(shape);
      const farthest = Math.max(...data.map((value, i) => Math.abs(value - actual[key]!.data[i]!)));
      expect(farthest, `${key} is farther from onnxruntime than float32 allows`).toBeLessThanOrEqual(2e-5);
    }
  });

  it.each(['factors-of-channels', 'factors-of-layers'])('%s are part of the weights', (golden) => {
    const { graph, weights } = importOnnx(readOnnxModel(goldenBytes(`forms/${golden}`)));
    expect(planGraph(graph, weights, 2).plan.steps.filter(({ op }) => op === 'binary')).toEqual([]);
  });
});
