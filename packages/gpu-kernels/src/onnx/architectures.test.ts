/**
 * The architectures that a study meets, as torch's exporters write them, against what onnxruntime computes. Small in width
 * and depth only: what their files ask of the importer is what files of real size ask.
 */
import type { Model, Tensors } from '@diptych/plugin-kit';
import { describe, expect, it, vi } from 'vitest';
import { openedRuntime } from '../testing/opened-backend.ts';
import { architectureBytes, architectureGolden, architectureNames, drawnWeights, itemOf } from './golden-architectures.ts';
import { cosine } from './golden-networks.ts';
import { planOnnx } from './plan-onnx.ts';

// A software GPU compiles kernels on the CPU when they first run: seconds each where the machine is busy and its cache cold.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });
process.env.DIPTYCH_WEBGPU = 'checked';

/**
 * On software Vulkan one network with convolutions, one with attention and one of texts, and on the reference all but the one that has no
 * narrow form: minutes and seconds that show nothing more.
 */
const namesOn = {
  reference: architectureNames.filter((name) => name !== 'inception-v3'),
  native: architectureNames,
  webgpu: ['mobilenet-v2', 'clip-vision', 'clip-text-masked', 'computed-weights', 'merged-windows'],
} as const;

/** float32 sums in another order: about 1e-7 a layer, of the largest result. */
const tolerance = 1e-5;

const outputOf = async (model: Model, inputs: Tensors): Promise<Float32Array> =>
  Object.values(await model.run(inputs))[0]!.data;

describe.each(['reference', 'native', 'webgpu'] as const)('architectures on %s', async (backend) => {
  const runtime = await openedRuntime(backend);
  if (runtime === undefined) return;

  it.each(namesOn[backend])('%s gives what onnxruntime gives, and each item the same alone', async (name) => {
    const { inputs, y } = architectureGolden(name);
    await using model = await runtime.loadOnnx(architectureBytes(name), { batch: 2, readExternal: drawnWeights });
    const actual = await outputOf(model, inputs);
    expect(actual).toHaveLength(y.data.length);
    expect(cosine(actual, y.data)).toBeGreaterThanOrEqual(0.99999);
    const largest = y.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const differences = actual.map((value, i) => Math.abs(value - y.data[i]!));
    expect(differences.reduce((most, value) => Math.max(most, value), 0)).toBeLessThanOrEqual(tolerance * largest);
    const alone = await outputOf(model, itemOf(inputs, 1));
    expect([...alone]).toEqual([...actual.subarray(actual.length / 2)]);
  });

  it('refuses tokens that the table of a text tower has not', async () => {
    const { inputs } = architectureGolden('clip-text-masked');
    await using model = await runtime.loadOnnx(architectureBytes('clip-text-masked'), { batch: 2, readExternal: drawnWeights }); // biome-ignore format: one call
    const { shape } = inputs['input_ids']!;
    for (const id of [100, -101, 1.5, Number.NaN]) {
      const ids = { shape, data: new Float32Array(24).fill(id, 3, 4) };
      await expect(model.run({ ...inputs, input_ids: ids })).rejects.toMatchObject({ code: 'RUN_INPUT_INVALID' });
    }
  });
});

it.each([
  'clip-text',
  'clip-text-masked',
  'clip-vision',
  'dinov2',
  'roberta',
  'siglip',
  'siglip-text',
  'swin',
  'unet',
  'vae-encoder',
  'vit',
])('no score matrix of %s is a value of the plan', async (name) => {
  const { planned } = await planOnnx(architectureBytes(name), { batch: 1, readExternal: drawnWeights });
  const ops = planned.plan.steps.map(({ op }) => op);
  expect(ops).toContain('attention');
  expect(ops).not.toContain('softmax');
});
