/** What lies between the steps of a network, in float32: where half precision gives NaN, whether numbers leave its range. */
import type { ModelInputs, OnnxOptions } from '@diptych/plugin-kit';
import { openNative } from '../../src/backends/native/native-backend.ts';
import { planOnnx } from '../../src/onnx/plan-onnx.ts';

/** The largest number of float16. */
export const largestHalf = 65504;

export interface Reached {
  readonly step: string;
  readonly largest: number;
}

/** The first step whose result goes beyond `limit`, and how far; undefined where none does. */
export async function firstBeyond(
  bytes: Uint8Array,
  options: OnnxOptions,
  inputs: ModelInputs,
  limit: number,
): Promise<Reached | undefined> {
  const { plan, weights } = (await planOnnx(bytes, options)).planned;
  const results = plan.steps.map(({ name, output }, at) => ({ name, output, key: `step ${at}` }));
  const outputs = Object.fromEntries(
    results.map(({ key, output }) => [key, { value: output, shape: plan.values[output]!.shape }]),
  );
  await using backend = openNative();
  await using executable = await backend.compile({ ...plan, outputs }, weights, 'f32');
  const values = await executable.run(inputs);
  for (const { name, key } of results) {
    const largest = values[key]!.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    if (!(largest <= limit)) return { step: name, largest };
  }
  return undefined;
}
