import { describe, expect, it, vi } from 'vitest';
import { openedRuntime } from '../testing/opened-backend.ts';
import { cosine, goldenBytes, goldenNames, goldenOf, readGoldenExternal } from './golden-networks.ts';

// A software GPU compiles kernels on the CPU when they first run: seconds each where the machine is busy and its cache cold.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });
process.env.DIPTYCH_WEBGPU = 'checked';

/** What networks end with, by the first word of their names; `make-networks.py` says so. The others end with other ops. */
const lastActivations: Readonly<Record<string, string>> = { residual: 'softmax', depthwise: 'sigmoid' };

describe.each(['reference', 'webgpu', 'native'] as const)('ONNX networks on %s', async (name) => {
  const runtime = await openedRuntime(name);
  if (runtime === undefined) return;

  const run = async (file: string, golden: string) => {
    const { x, y } = goldenOf(golden);
    await using model = await runtime.loadOnnx(goldenBytes(file), { batch: 3, readExternal: readGoldenExternal });
    expect(model.inputs).toEqual([{ name: 'x', shape: x.shape.slice(1) }]);
    const activation = lastActivations[golden.split('-')[0]!];
    expect(model.outputs).toEqual([{ name: 'y', shape: y.shape.slice(1), ...(activation && { activation }) }]);
    const { y: actual } = await model.run({ x });
    expect(actual!.shape).toEqual(y.shape);
    return { actual: actual!.data, expected: y.data };
  };

  it.each(goldenNames)('%s gives what onnxruntime gives', async (golden) => {
    const { actual, expected } = await run(golden, golden);
    expect(cosine(actual, expected)).toBeGreaterThanOrEqual(0.99999);
    const largest = Math.max(...actual.map((value, i) => Math.abs(value - expected[i]!)));
    expect(largest).toBeLessThanOrEqual(2e-5);
  });

  it('weights in a file beside the model are the same weights', async () => {
    const { actual, expected } = await run('residual-external', 'residual');
    expect(cosine(actual, expected)).toBeGreaterThanOrEqual(0.99999);
  });

  it('weights stored as float16 give scores within 1e-3', async () => {
    const { actual, expected } = await run('residual-half', 'residual');
    expect(Math.max(...actual.map((value, i) => Math.abs(value - expected[i]!)))).toBeLessThanOrEqual(1e-3);
  });
});
